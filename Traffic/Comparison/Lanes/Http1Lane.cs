using System.Buffers.Text;
using System.Diagnostics;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using Topology.Comparison.Targets;
using Topology.Comparison.Workloads;

namespace Topology.Comparison.Lanes;

/// <summary>
/// HTTP/1.1 on one connection, cleartext or TLS, with blocking sockets. A general client costs more CPU than the proxy it
/// measures. This one sends prepared bytes and reads only the responses that RFC 9112 allows for them, with a
/// Content-Length or chunks. Anything else fails the exchange.
/// </summary>
internal sealed class Http1Lane(Uri address, Workload workload, PublicTrust trust, LaneProof proof, EndPoint? via = null) : ILane
{
    private const int LongestHead = 16 * 1024;
    private const int LongestBody = 64 * 1024 * 1024;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly Http1Request[] _requests =
        [.. Enumerable.Range(0, workload.Variants).Select(variant => new Http1Request(address, workload, variant))];
    private byte[] _buffer = new byte[LongestHead];
    private int _filled;
    private int _bodyLength;
    private byte[] _body = [];
    private Socket? _socket;
    private SslStream? _tls;
    private bool _isFresh;
    private bool _isOfHead;

    public ReadOnlySpan<byte> Body => _body.AsSpan(0, _bodyLength);

    public void Open()
    {
        if (_socket is not null) return;
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp)
        {
            NoDelay = true,
            ReceiveTimeout = (int)Patience.TotalMilliseconds,
            SendTimeout = (int)Patience.TotalMilliseconds,
        };
        try
        {
            socket.Connect(via ?? new DnsEndPoint(address.IdnHost, address.Port));
            proof.CountOpened();
            if (address.Scheme == Uri.UriSchemeHttps)
            {
                _tls = new(new NetworkStream(socket, ownsSocket: false));
                _tls.AuthenticateAsClient(trust.Options(_requests[0].TlsHost, SslApplicationProtocol.Http11));
            }
        }
        catch
        {
            socket.Dispose();
            _tls?.Dispose();
            _tls = null;
            throw;
        }

        (_socket, _filled, _isFresh) = (socket, 0, true);
    }

    public Answer Exchange(int variant)
    {
        Open();
        var message = _requests[variant].Renew();
        _isOfHead = _requests[variant].IsHead;
        try
        {
            return Exchange(message);
        }
        catch (Exception exception) when (workload.IsRepeatable && !_isFresh && _filled == 0 && IsClosed(exception))
        {
            // A server may close an idle connection at any time. It is safe to send again on a new connection: no response arrived, and
            // our writes carry an idempotency key. The proof counts the new connection.
            Close();
            Open();
            return Retry(message);
        }
        catch
        {
            Close();
            throw;
        }
    }

    public void Dispose() => Close();

    private Answer Retry(ReadOnlySpan<byte> message)
    {
        try
        {
            return Exchange(message);
        }
        catch
        {
            Close();
            throw;
        }
    }

    private Answer Exchange(ReadOnlySpan<byte> message)
    {
        _filled = 0;
        Send(message);
        var (headLength, head) = ReadHead();
        var endedAt = head.ContentLength is { } length ? ReadLength(headLength, length) : ReadChunks(headLength);
        if (_isFresh) proof.AddProtocol(_tls is null ? "HTTP/1.1, cleartext" : $"HTTP/1.1, {Name(_tls.SslProtocol)}");
        _isFresh = false;
        if (head.Closes) Close();
        return new(head.Status, endedAt);
    }

    private (int Length, Http1Head Head) ReadHead()
    {
        while (true)
        {
            if (_filled == _buffer.Length) throw new IOException($"The response's head is longer than {LongestHead} bytes.");
            Receive();
            while (_buffer.AsSpan(0, _filled).IndexOf("\r\n\r\n"u8) is >= 0 and var end)
            {
                var head = Http1Head.Parse(_buffer.AsSpan(0, end + 2), _isOfHead);
                if (!head.IsInterim) return (end + 4, head);
                _buffer.AsSpan(end + 4, _filled -= end + 4).CopyTo(_buffer);
            }
        }
    }

    private long ReadLength(int headLength, int length)
    {
        if (length > LongestBody) throw new IOException($"The response's Content-Length is {length}, more than {LongestBody}.");
        if (_body.Length < length) _body = new byte[length];
        var got = _filled - headLength;
        if (got > length) throw new IOException("The response is longer than its Content-Length.");
        _buffer.AsSpan(headLength, got).CopyTo(_body);
        while (got < length)
        {
            got += Receive(_body.AsSpan(got, length - got));
        }

        _bodyLength = length;
        return Stopwatch.GetTimestamp();
    }

    private long ReadChunks(int position)
    {
        _bodyLength = 0;
        long? firstEvent = null;
        while (true)
        {
            var lineEnd = Find(position, "\r\n"u8);
            var line = _buffer.AsSpan(position, lineEnd - position);
            if (line.IndexOf((byte)';') is >= 0 and var extension) line = line[..extension];
            if (!Utf8Parser.TryParse(line, out int size, out var parsed, 'x') || parsed != line.Length || size < 0
                || size > LongestBody - _bodyLength)
            {
                throw new IOException("The response has a chunk without a valid size.");
            }

            position = lineEnd + 2;
            FillTo(position, size + 2);
            if (size == 0)
            {
                // This client does not request trailers. A response that has trailers fails here.
                if (!_buffer.AsSpan(position, 2).SequenceEqual("\r\n"u8) || _filled != position + 2)
                {
                    throw new IOException("The response does not end with its last chunk.");
                }
                return firstEvent ?? Stopwatch.GetTimestamp();
            }

            if (!_buffer.AsSpan(position + size, 2).SequenceEqual("\r\n"u8))
            {
                throw new IOException("A chunk of the response does not end with CRLF.");
            }
            if (_body.Length < _bodyLength + size) Array.Resize(ref _body, Math.Max(_bodyLength + size, 2 * _body.Length));
            _buffer.AsSpan(position, size).CopyTo(_body.AsSpan(_bodyLength));
            _bodyLength += size;
            position += size + 2;
            if (workload.Kind == WorkloadKind.FirstEvent && firstEvent is null && Body.IndexOf("\n\n"u8) >= 0)
            {
                firstEvent = Stopwatch.GetTimestamp();
            }
        }
    }

    private int Find(int from, ReadOnlySpan<byte> mark)
    {
        while (true)
        {
            if (_buffer.AsSpan(from, _filled - from).IndexOf(mark) is >= 0 and var found) return from + found;
            FillTo(from, _filled - from + 1);
        }
    }

    private void FillTo(int from, int count)
    {
        while (_filled - from < count)
        {
            if (from + count > _buffer.Length) Array.Resize(ref _buffer, Math.Max(from + count, 2 * _buffer.Length));
            Receive();
        }
    }

    private void Receive() => _filled += Receive(_buffer.AsSpan(_filled));

    private int Receive(Span<byte> target)
    {
        var read = _tls is null ? _socket!.Receive(target) : _tls.Read(target);
        return read > 0 ? read
            : throw new IOException(
            "The connection was closed before the response was complete.", new SocketException((int)SocketError.ConnectionReset));
    }

    private void Send(ReadOnlySpan<byte> message)
    {
        if (_tls is not null)
        {
            _tls.Write(message);
            return;
        }

        while (!message.IsEmpty)
        {
            message = message[_socket!.Send(message)..];
        }
    }

    private void Close()
    {
        _tls?.Dispose();
        _socket?.Dispose();
        (_tls, _socket) = (null, null);
    }

    private static bool IsClosed(Exception exception) =>
        (exception as SocketException ?? exception.InnerException as SocketException)?.SocketErrorCode
            is SocketError.ConnectionReset or SocketError.ConnectionAborted or SocketError.Shutdown;

    private static string Name(SslProtocols protocol) => protocol switch
    {
        SslProtocols.Tls13 => "TLS 1.3",
        SslProtocols.Tls12 => "TLS 1.2",
        _ => protocol.ToString(),
    };
}
