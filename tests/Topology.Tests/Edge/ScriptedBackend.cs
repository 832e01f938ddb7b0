using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Topology.Tests.Edge;

/// <summary>A backend that reads a request's head and then sends whatever bytes it is told to, as Latin-1 text.</summary>
public sealed class ScriptedBackend : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _end = new();
    private readonly Task _accepting;

    public ScriptedBackend()
    {
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public string Url => $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}";

    /// <summary>What is sent, and what happens after: the connection closes, is reset, or stays open.</summary>
    public (string Bytes, After After) Answer { get; set; }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        _listener.Dispose();
        await _accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _end.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (true) _ = AnswerAsync(await _listener.AcceptSocketAsync(_end.Token));
    }

    private async Task AnswerAsync(Socket socket)
    {
        using var _ = socket;
        var head = new StringBuilder();
        var buffer = new byte[16 * 1024];
        while (!head.ToString().Contains("\r\n\r\n", StringComparison.Ordinal))
        {
            var read = await socket.ReceiveAsync(buffer, _end.Token);
            if (read == 0) return;
            head.Append(Encoding.Latin1.GetString(buffer, 0, read));
        }

        var (bytes, after) = Answer;
        await socket.SendAsync(Encoding.Latin1.GetBytes(bytes), _end.Token);
        if (after == After.Reset) socket.LingerState = new(true, 0);
        if (after == After.Nothing) await Task.Delay(Timeout.Infinite, _end.Token);
        if (after == After.Close)
        {
            socket.Shutdown(SocketShutdown.Send);
            while (await socket.ReceiveAsync(buffer, _end.Token) > 0) { }
        }
    }
}

/// <summary>What follows the bytes that a backend sends.</summary>
public enum After
{
    /// <summary>An orderly end.</summary>
    Close,

    /// <summary>A reset.</summary>
    Reset,

    /// <summary>The connection stays open and silent.</summary>
    Nothing,
}
