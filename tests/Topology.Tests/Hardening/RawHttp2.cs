using System.Buffers.Binary;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using Topology.Hardening.Certificates;
using Topology.Tests.Infrastructure;

namespace Topology.Tests.Hardening;

/// <summary>An HTTP/2 frame, RFC 9113 section 4.</summary>
public sealed record Frame(byte Type, int Stream, byte[] Payload)
{
    public const byte Data = 0, Headers = 1, Reset = 3, Settings = 4, GoAway = 7, WindowUpdate = 8;
}

/// <summary>An HTTP/2 connection that sends any frames, unlike client libraries.</summary>
public sealed class RawHttp2 : IAsyncDisposable
{
    private const byte EndStream = 1, EndHeaders = 4;
    private const int InitialWindowSize = 4;

    private readonly SslStream _stream;

    private RawHttp2(SslStream stream) => _stream = stream;

    /// <summary>Opens a connection with this stream window in bytes.</summary>
    public static async Task<RawHttp2> OpenAsync(Uri url, int window, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync("127.0.0.1", url.Port, cancellationToken);
        var stream = new SslStream(new NetworkStream(socket, ownsSocket: true));
        await stream.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions
            {
                TargetHost = "localhost",
                ApplicationProtocols = [SslApplicationProtocol.Http2],
                CertificateChainPolicy = ServiceHost.Trust(LocalAuthorities.Public),
            },
            cancellationToken);
        var setting = new byte[6];
        BinaryPrimitives.WriteInt16BigEndian(setting, InitialWindowSize);
        BinaryPrimitives.WriteInt32BigEndian(setting.AsSpan(2), window);
        await stream.WriteAsync("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.ToArray(), cancellationToken);
        var connection = new RawHttp2(stream);
        await connection.SendAsync(Frame.Settings, 0, 0, setting, cancellationToken);
        await connection.OpenWindowAsync(0, 1 << 30, cancellationToken);
        return connection;
    }

    /// <summary>Sends a request. Unless it ends the stream, its body stays open.</summary>
    public Task AskAsync(
        int stream, string method, string path, bool ends, CancellationToken cancellationToken,
        params (string Name, string Value)[] fields) =>
        SendHeadAsync(
            stream, ends, cancellationToken,
            [(":method", method), (":scheme", "https"), (":authority", "localhost"), (":path", path), .. fields]);

    /// <summary>Sends a field block, of a request's head or its trailers.</summary>
    public Task SendHeadAsync(int stream, bool ends, CancellationToken cancellationToken, params (string Name, string Value)[] fields)
    {
        using var block = new MemoryStream();
        foreach (var (name, value) in fields)
        {
            // A literal without indexing and with a new name (RFC 7541 section 6.2.2).
            block.WriteByte(0);
            block.WriteByte((byte)name.Length);
            block.Write(Encoding.ASCII.GetBytes(name));
            block.WriteByte((byte)value.Length);
            block.Write(Encoding.ASCII.GetBytes(value));
        }

        return SendAsync(Frame.Headers, (byte)(EndHeaders | (ends ? EndStream : 0)), stream, block.ToArray(), cancellationToken);
    }

    public Task SendAsync(int stream, byte[] data, CancellationToken cancellationToken) =>
        SendAsync(Frame.Data, 0, stream, data, cancellationToken);

    public Task OpenWindowAsync(int stream, int increment, CancellationToken cancellationToken)
    {
        var payload = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(payload, increment);
        return SendAsync(Frame.WindowUpdate, 0, stream, payload, cancellationToken);
    }

    /// <summary>The next frame, or null if the connection ends instead.</summary>
    public async Task<Frame?> ReadAsync(CancellationToken cancellationToken)
    {
        try
        {
            var head = new byte[9];
            await _stream.ReadExactlyAsync(head, cancellationToken);
            var payload = new byte[BinaryPrimitives.ReadInt32BigEndian(head) >> 8];
            await _stream.ReadExactlyAsync(payload, cancellationToken);
            return new(head[3], BinaryPrimitives.ReadInt32BigEndian(head.AsSpan(5)), payload);
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>Reads until a frame matches.</summary>
    public async Task<Frame> WaitForAsync(Func<Frame, bool> wanted, CancellationToken cancellationToken)
    {
        while (true)
        {
            var frame = await ReadAsync(cancellationToken).WaitAsync(TimeSpan.FromSeconds(15), cancellationToken);
            Assert.NotNull(frame);
            if (wanted(frame)) return frame;
        }
    }

    public ValueTask DisposeAsync() => _stream.DisposeAsync();

    private async Task SendAsync(byte type, byte flags, int stream, byte[] payload, CancellationToken cancellationToken)
    {
        var frame = new byte[9 + payload.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame, payload.Length << 8);
        (frame[3], frame[4]) = (type, flags);
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(5), stream);
        payload.CopyTo(frame, 9);
        await _stream.WriteAsync(frame, cancellationToken);
    }
}
