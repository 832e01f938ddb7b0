using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Topology.Tests.Edge;

/// <summary>A backend that reads a request's head and then sends whatever bytes it is told to, as Latin-1 text.</summary>
public sealed class ScriptedBackend : IAsyncDisposable
{
    /// <summary>An empty SETTINGS frame, with which a server of HTTP/2 begins.</summary>
    public const string Settings = "\0\0\0\u0004\0\0\0\0\0";

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

    /// <summary>What the last connection sent, up to the answer.</summary>
    public string Received { get; private set; } = "";

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        _listener.Dispose();
        await _accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _end.Dispose();
    }

    /// <summary>Whether a HEADERS frame is among the frames that follow the preface of 24 bytes (RFC 9113 sections 3.4 and 4.1).</summary>
    private static bool HasRequest(string received)
    {
        const int FrameHead = 9;
        for (var at = 24; at + FrameHead <= received.Length;)
        {
            if (received[at + 3] == 1) return true;
            at += FrameHead + (received[at] << 16) + (received[at + 1] << 8) + received[at + 2];
        }

        return false;
    }

    private async Task AcceptAsync()
    {
        while (true) _ = AnswerAsync(await _listener.AcceptSocketAsync(_end.Token));
    }

    private async Task AnswerAsync(Socket socket)
    {
        using var _ = socket;
        var head = "";
        var buffer = new byte[16 * 1024];
        var (bytes, after) = Answer;
        if (!await ReadUntilAsync(() => head.Contains("\r\n\r\n", StringComparison.Ordinal))) return;
        if (head.StartsWith("PRI", StringComparison.Ordinal) && bytes.StartsWith(Settings, StringComparison.Ordinal))
        {
            // HTTP/2: the settings come first, but no answer before its request.
            await socket.SendAsync(Encoding.Latin1.GetBytes(Settings), _end.Token);
            bytes = bytes[Settings.Length..];
            if (!await ReadUntilAsync(() => HasRequest(head))) return;
        }

        await socket.SendAsync(Encoding.Latin1.GetBytes(bytes), _end.Token);
        if (after == After.Reset) socket.LingerState = new(true, 0);
        if (after == After.Nothing) await Task.Delay(Timeout.Infinite, _end.Token);
        if (after == After.Close)
        {
            socket.Shutdown(SocketShutdown.Send);
            while (await socket.ReceiveAsync(buffer, _end.Token) > 0) { }
        }

        async Task<bool> ReadUntilAsync(Func<bool> isEnough)
        {
            while (!isEnough())
            {
                var read = await socket.ReceiveAsync(buffer, _end.Token);
                if (read == 0) return false;
                Received = head += Encoding.Latin1.GetString(buffer, 0, read);
            }

            return true;
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
