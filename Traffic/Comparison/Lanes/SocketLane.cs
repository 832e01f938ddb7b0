using System.Diagnostics;
using System.Net;
using System.Net.WebSockets;
using Topology.Comparison.Workloads;

namespace Topology.Comparison.Lanes;

/// <summary>Sends messages on a WebSocket that stays open and reads their echoes. The opening handshake is not measured.</summary>
internal sealed class SocketLane(Uri address, Workload workload, HttpMessageInvoker connection, bool http2, LaneProof proof) : ILane
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly WorkloadRequest _request = workload.Create(0);
    private readonly byte[] _body = new byte[16 * 1024];
    private ClientWebSocket? _socket;
    private int _length;

    public ReadOnlySpan<byte> Body => _body.AsSpan(0, _length);

    public void Open()
    {
        if (_socket is not null) return;
        var socket = new ClientWebSocket();
        try
        {
            socket.Options.HttpVersion = http2 ? HttpVersion.Version20 : HttpVersion.Version11;
            socket.Options.HttpVersionPolicy = HttpVersionPolicy.RequestVersionExact;
            foreach (var (name, value) in LoadHeaders.Trace) socket.Options.SetRequestHeader(name, value);
            var uri = new UriBuilder(new Uri(address, _request.Path))
            { Scheme = address.Scheme == Uri.UriSchemeHttps ? Uri.UriSchemeWss : Uri.UriSchemeWs };
            using var patience = new CancellationTokenSource(Patience);
            socket.ConnectAsync(uri.Uri, connection, patience.Token).GetAwaiter().GetResult();
        }
        catch
        {
            socket.Dispose();
            throw;
        }

        proof.AddProtocol($"WebSocket over HTTP/{(http2 ? "2" : "1.1")}, {(address.Scheme == Uri.UriSchemeHttps ? "TLS" : "cleartext")}");
        _socket = socket;
    }

    public Answer Exchange(int variant)
    {
        Open();
        try
        {
            return ExchangeAsync(_socket!).GetAwaiter().GetResult();
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        _socket?.Dispose();
        _socket = null;
    }

    private async Task<Answer> ExchangeAsync(ClientWebSocket socket)
    {
        using var patience = new CancellationTokenSource(Patience);
        await socket.SendAsync(_request.Body, WebSocketMessageType.Text, endOfMessage: true, patience.Token).ConfigureAwait(false);
        _length = 0;
        while (true)
        {
            var received = await socket.ReceiveAsync(_body.AsMemory(_length), patience.Token).ConfigureAwait(false);
            _length += received.Count;
            if (received.MessageType == WebSocketMessageType.Close) throw new IOException("The server closed the WebSocket.");
            if (received.EndOfMessage) return new(workload.ExpectedStatus, Stopwatch.GetTimestamp());
            if (_length == _body.Length) throw new IOException("The echo is longer than the message.");
        }
    }
}
