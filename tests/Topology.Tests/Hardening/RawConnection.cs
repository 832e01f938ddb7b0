using System.Globalization;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using Topology.Tests.Infrastructure;

namespace Topology.Tests.Hardening;

/// <summary>A raw response, with header names in lower case.</summary>
public sealed record RawAnswer(int Status, IReadOnlyDictionary<string, string> Headers, string Body)
{
    public string? Header(string name) => Headers.GetValueOrDefault(name);
}

/// <summary>A connection that sends any bytes, as Latin-1 text: one character per byte.</summary>
public sealed class RawConnection : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly Socket _socket;
    private readonly Stream _stream;
    private readonly byte[] _buffer = new byte[16 * 1024];
    private int _start;
    private int _end;

    private RawConnection(Socket socket, Stream stream) => (_socket, _stream) = (socket, stream);

    public static async Task<RawConnection> OpenAsync(Uri url, CancellationToken cancellationToken = default)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync("127.0.0.1", url.Port, cancellationToken);
        Stream stream = new NetworkStream(socket);
        if (url.Scheme == Uri.UriSchemeHttps)
        {
            var tls = new SslStream(stream);
            await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
            {
                TargetHost = "localhost",
                ApplicationProtocols = [SslApplicationProtocol.Http11],
                CertificateChainPolicy = ServiceHost.Trust(Topology.Hardening.Certificates.LocalAuthorities.Public),
            }, cancellationToken);
            stream = tls;
        }

        return new(socket, stream);
    }

    /// <summary>Like <see cref="OpenAsync"/>, but null if the server closes the connection before the client sees it open.</summary>
    public static async Task<RawConnection?> TryOpenAsync(Uri url, CancellationToken cancellationToken = default)
    {
        try
        {
            return await OpenAsync(url, cancellationToken);
        }
        catch (SocketException ended) when (ended.SocketErrorCode == SocketError.ConnectionReset)
        {
            return null;
        }
    }

    public Task SendAsync(string text, CancellationToken cancellationToken = default) =>
        SendAsync(Encoding.Latin1.GetBytes(text), cancellationToken);

    public async Task SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken = default)
    {
        try
        {
            await _stream.WriteAsync(bytes, cancellationToken);
            await _stream.FlushAsync(cancellationToken);
        }
        catch (IOException)
        {
            // The server has already closed; its response explains why.
        }
    }

    /// <summary>Ends sending.</summary>
    public void Finish() => _socket.Shutdown(SocketShutdown.Send);

    /// <summary>The next response, or null if the connection ends instead. Skips interim responses (1xx) except 101.</summary>
    public async Task<RawAnswer?> ReadAsync(bool hasNoBody = false)
    {
        while (true)
        {
            if (await LineAsync() is not { Length: > 0 } statusLine) return null;
            if (!statusLine.StartsWith("HTTP/1.1 ", StringComparison.Ordinal)) return new(0, new Dictionary<string, string>(), statusLine);
            var status = int.Parse(statusLine.AsSpan(9, 3), CultureInfo.InvariantCulture);
            var headers = new Dictionary<string, string>(StringComparer.Ordinal);
            while (await LineAsync() is { Length: > 0 } line)
            {
                var colon = line.IndexOf(':', StringComparison.Ordinal);
#pragma warning disable CA1308 // Header names are compared in lower case, as HTTP/2 writes them.
                var name = line[..colon].ToLowerInvariant();
#pragma warning restore CA1308
                headers[name] = headers.TryGetValue(name, out var earlier) ? earlier + ", " + line[(colon + 1)..].Trim()
                    : line[(colon + 1)..].Trim();
            }

            if (status is >= 100 and < 200 and not 101) continue;
            var body = hasNoBody || status is 101 or 204 or 304 ? "" : await BodyAsync(headers);
            return new(status, headers, body);
        }
    }

    /// <summary>The text until the connection ends, or until the timeout if it does not end.</summary>
    public async Task<string> ReadAllAsync()
    {
        var text = new StringBuilder();
        try
        {
            while (_start < _end || await FillAsync())
            {
                text.Append(Encoding.Latin1.GetString(_buffer, _start, _end - _start));
                _start = _end;
            }
        }
        catch (TimeoutException)
        {
            // The connection stays open.
        }

        return text.ToString();
    }

    /// <summary>Whether the server closes the connection instead of waiting for more.</summary>
    public async Task<bool> IsClosedAsync()
    {
        try
        {
            return _start == _end && !await FillAsync();
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    /// <summary>Discards the received bytes.</summary>
    public void Skip() => _start = _end;

    public async ValueTask DisposeAsync()
    {
        await _stream.DisposeAsync();
        _socket.Dispose();
    }

    private async Task<string> BodyAsync(Dictionary<string, string> headers)
    {
        if (headers.TryGetValue("content-length", out var length)) return await TextAsync(int.Parse(length, CultureInfo.InvariantCulture));
        var body = new StringBuilder();
        if (headers.ContainsKey("transfer-encoding"))
        {
            while (await LineAsync() is { } line
                && int.Parse(line, NumberStyles.HexNumber, CultureInfo.InvariantCulture) is > 0 and var size)
            {
                body.Append(await TextAsync(size));
                await LineAsync();
            }

            await LineAsync();
            return body.ToString();
        }

        while (_start < _end || await FillAsync())
        {
            body.Append(Encoding.Latin1.GetString(_buffer, _start, _end - _start));
            _start = _end;
        }

        return body.ToString();
    }

    private async Task<string> TextAsync(int length)
    {
        var text = new StringBuilder(length);
        while (length > 0 && (_start < _end || await FillAsync()))
        {
            var count = Math.Min(length, _end - _start);
            text.Append(Encoding.Latin1.GetString(_buffer, _start, count));
            _start += count;
            length -= count;
        }

        return text.ToString();
    }

    private async Task<string?> LineAsync()
    {
        var line = new StringBuilder();
        while (_start < _end || await FillAsync())
        {
            var end = _buffer.AsSpan(_start, _end - _start).IndexOf((byte)'\n');
            line.Append(Encoding.Latin1.GetString(_buffer, _start, end < 0 ? _end - _start : end));
            _start = end < 0 ? _end : _start + end + 1;
            if (end >= 0) return line.ToString().TrimEnd('\r');
        }

        return line.Length > 0 ? line.ToString() : null;
    }

    private async Task<bool> FillAsync()
    {
        _start = _end = 0;
        try
        {
            _end = await _stream.ReadAsync(_buffer).AsTask().WaitAsync(Patience);
        }
        catch (IOException)
        {
            // A reset also ends the connection.
        }

        return _end > 0;
    }
}
