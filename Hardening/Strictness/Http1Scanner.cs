using System.Buffers;
using System.Buffers.Text;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Topology.Hardening.Strictness;

/// <summary>
/// Follows one connection's HTTP/1.1 requests byte by byte, as RFC 9112 writes them, and refuses whatever two parsers
/// could read differently. It takes whole lines and body bytes, keeps no copy of them, and stops where a request ends.
/// </summary>
internal sealed class Http1Scanner
{
    // The longest method in IANA's registry has 17 characters.
    internal const int LongestMethod = 32;

    // Size, extensions and all: extensions carry nothing that a server here reads.
    private const int LongestChunkLine = 256;

    // As many as the server's parser takes, zeros in front included.
    private const int MostChunkDigits = 8;

    private const string BadChunkSize = "a chunk size that is not hexadecimal digits, or too many";

    // All of a request's chunk extensions together, so that they cannot make up a body that no body limit counts.
    private const int MostExtensionBytes = 16 * 1024;

    // A line that lies in more than one of the transport's blocks is joined up to this length; the server's own limits end it sooner.
    private const int LongestJoinedLine = 64 * 1024;

    private Part _part = Part.RequestLine;
    private long _remaining;
    private int _extensionBytes;
    private bool _isHttp10;
    private bool _hasLeadingLine;
    private bool _hasHost;
    private bool _isChunked;
    private long? _contentLength;

    private enum Part
    {
        RequestLine,
        Fields,
        Content,
        ChunkSize,
        ChunkData,
        ChunkEnd,
        Trailers,
        Complete,
    }

    /// <summary>What the request's <c>Connection</c> says besides that it closes or stays open.</summary>
    public string? Connection { get; private set; }

    /// <summary>Whether the bytes taken so far end a request.</summary>
    public bool IsComplete => _part == Part.Complete;

    /// <summary>Starts the next request of the connection.</summary>
    public void Next()
    {
        _part = Part.RequestLine;
        _remaining = 0;
        _extensionBytes = 0;
        _isHttp10 = _hasLeadingLine = _hasHost = _isChunked = false;
        _contentLength = null;
        Connection = null;
    }

    /// <summary>Takes what is whole of <paramref name="bytes"/> and belongs to the request at hand.</summary>
    /// <returns>How many bytes were taken; the rest is to be given again, with more behind it.</returns>
    /// <exception cref="BadHttpRequestException">The request breaks a rule; the message says which.</exception>
    public long Take(in ReadOnlySequence<byte> bytes)
    {
        if (bytes.IsSingleSegment) return Take(bytes.FirstSpan);

        var taken = 0L;
        while (!IsComplete && taken < bytes.Length)
        {
            var rest = bytes.Slice(taken);
            long count = Take(rest.FirstSpan);
            if (count == 0 && !rest.IsSingleSegment) count = TakeJoined(rest);
            if (count == 0) break;
            taken += count;
        }

        return taken;
    }

    private int TakeJoined(in ReadOnlySequence<byte> bytes)
    {
        var length = (int)Math.Min(bytes.Length, LongestJoinedLine);
        var joined = ArrayPool<byte>.Shared.Rent(length);
        bytes.Slice(0, length).CopyTo(joined);
        try
        {
            return Take(joined.AsSpan(0, length));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(joined);
        }
    }

    private int Take(ReadOnlySpan<byte> bytes)
    {
        var taken = 0;
        while (_part != Part.Complete && taken < bytes.Length)
        {
            var rest = bytes[taken..];
            switch (_part)
            {
                case Part.Content:
                case Part.ChunkData:
                    var count = (int)Math.Min(_remaining, rest.Length);
                    taken += count;
                    _remaining -= count;
                    if (_remaining == 0) _part = _part == Part.Content ? Part.Complete : Part.ChunkEnd;
                    break;

                case Part.ChunkEnd:
                    if (rest[0] != '\r' || (rest.Length > 1 && rest[1] != '\n')) Refuse("a chunk does not end where its size says");
                    if (rest.Length == 1) return taken;
                    taken += 2;
                    _part = Part.ChunkSize;
                    break;

                default:
                    var length = LineLength(rest);
                    if (length < 0)
                    {
                        CheckBeginning(rest);
                        return taken;
                    }

                    Line(rest[..length]);
                    taken += length + 2;
                    break;
            }
        }

        return taken;
    }

    /// <summary>The length of the line that starts here, without its CRLF; -1 while it has not ended. RFC 9112 section 2.2.</summary>
    private static int LineLength(ReadOnlySpan<byte> bytes)
    {
        var end = bytes.IndexOfAny(Http1Bytes.Controls);
        if (end < 0) return -1;
        if (bytes[end] != '\r') Refuse(bytes[end] == '\n' ? "a line ends in a bare LF" : "a control character");
        if (end + 1 == bytes.Length) return -1;
        if (bytes[end + 1] != '\n') Refuse("a bare CR");
        return end;
    }

    /// <summary>Refuses at once what no further byte can mend, rather than wait for a line's end that may never come.</summary>
    private void CheckBeginning(ReadOnlySpan<byte> line)
    {
        if (_part == Part.ChunkSize)
        {
            if (line.Length > LongestChunkLine) Refuse("a chunk's line is too long");
            var digits = line.IndexOfAnyExcept(Http1Bytes.HexDigits) is >= 0 and var other ? other : line.Length;
            if (digits > MostChunkDigits || (digits < line.Length && (digits == 0 || line[digits] is not ((byte)';' or (byte)'\r'))))
            {
                Refuse(BadChunkSize);
            }
        }

        if (_part != Part.RequestLine || line[0] == '\r') return;
        var method = line.IndexOfAnyExcept(Http1Bytes.Token) is >= 0 and var end ? end : line.Length;
        if (method > LongestMethod || (method < line.Length && line[method] is not ((byte)' ' or (byte)'\r')))
        {
            Refuse("the method is not a token of a method's length");
        }
    }

    private void Line(ReadOnlySpan<byte> line)
    {
        switch (_part)
        {
            case Part.RequestLine when line.IsEmpty:
                // RFC 9112 section 2.2: one empty line is tolerated, as it always was after a body.
                if (_hasLeadingLine) Refuse("more than one empty line before the request line");
                _hasLeadingLine = true;
                break;
            case Part.RequestLine:
                RequestLine(line);
                _part = Part.Fields;
                break;
            case Part.Fields when line.IsEmpty:
                EndOfHead();
                break;
            case Part.Fields:
                Field(line);
                break;
            case Part.ChunkSize:
                ChunkSize(line);
                break;
            case Part.Trailers when line.IsEmpty:
                _part = Part.Complete;
                break;
            case Part.Trailers:
                if (FieldName(line) is "host" or "content-length" or "transfer-encoding") Refuse("a framing field among the trailers");
                break;
        }
    }

    /// <summary>method SP request-target SP HTTP-version, RFC 9112 section 3: single spaces, nothing else.</summary>
    private void RequestLine(ReadOnlySpan<byte> line)
    {
        var first = line.IndexOf((byte)' ');
        var last = line.LastIndexOf((byte)' ');
        if (first <= 0 || first == last) Refuse("the request line has not three parts");
        var method = line[..first];
        if (method.Length > LongestMethod || method.ContainsAnyExcept(Http1Bytes.Token))
        {
            Refuse("the method is not a token of a method's length");
        }

        var version = line[(last + 1)..];
        if (!version.SequenceEqual("HTTP/1.1"u8))
        {
            if (!version.SequenceEqual("HTTP/1.0"u8)) Refuse("the version is neither HTTP/1.1 nor HTTP/1.0");
            _isHttp10 = true;
        }

        Target(line[(first + 1)..last], method);
    }

    /// <summary>The forms of RFC 9112 section 3.2, without authority-form: nothing here is a tunnel.</summary>
    private static void Target(ReadOnlySpan<byte> target, ReadOnlySpan<byte> method)
    {
        if (target.IsEmpty || target.ContainsAnyExcept(Http1Bytes.Target)) Refuse("the request target holds what no URI holds");
        if (method.SequenceEqual("CONNECT"u8)) Refuse("CONNECT asks for a tunnel");
        if (target[0] == '/') return;
        if (target.SequenceEqual("*"u8))
        {
            if (!method.SequenceEqual("OPTIONS"u8)) Refuse("* goes with OPTIONS only");
            return;
        }

        var scheme = target.IndexOf("://"u8);
        if (scheme < 0 || !(Ascii.EqualsIgnoreCase(target[..scheme], "http"u8) || Ascii.EqualsIgnoreCase(target[..scheme], "https"u8)))
        {
            Refuse("the request target has no form that a request target may have");
        }

        var authority = target[(scheme + 3)..];
        var end = authority.IndexOfAny((byte)'/', (byte)'?');
        if (!Http1Bytes.IsHost(end < 0 ? authority : authority[..end])) Refuse("the request target's authority is invalid");
    }

    /// <summary>
    /// field-name ":" OWS field-value OWS, RFC 9112 section 5. A line that folds starts with white space, which is no name.
    /// </summary>
    private void Field(ReadOnlySpan<byte> line)
    {
        var name = FieldName(line);
        if (name is null) return;

        var value = line[(name.Length + 1)..].Trim(" \t"u8);
        switch (name)
        {
            case "host":
                if (_hasHost) Refuse("more than one Host");
                if (!Http1Bytes.IsHost(value)) Refuse("an invalid Host");
                _hasHost = true;
                break;
            case "content-length":
                if (_contentLength is not null) Refuse("more than one Content-Length");
                _contentLength = Digits(value);
                break;
            case "connection":
                if (Ascii.EqualsIgnoreCase(value, "keep-alive"u8) || Ascii.EqualsIgnoreCase(value, "close"u8)) break;
                Connection = Connection is null ? Encoding.Latin1.GetString(value) : $"{Connection},{Encoding.Latin1.GetString(value)}";
                break;
            case "transfer-encoding":
                if (_isChunked || !Ascii.EqualsIgnoreCase(value, "chunked"u8)) Refuse("a Transfer-Encoding other than one chunked");
                _isChunked = true;
                break;
        }
    }

    /// <summary>The name, if it is one that framing or forwarding depends on.</summary>
    private static string? FieldName(ReadOnlySpan<byte> line)
    {
        var length = line.IndexOfAnyExcept(Http1Bytes.Token);
        if (length <= 0 || line[length] != ':') Refuse("a field name is not a token followed by a colon");
        var candidate = length switch
        {
            4 => "host",
            10 => "connection",
            14 => "content-length",
            17 => "transfer-encoding",
            _ => null,
        };
        return candidate is not null && Ascii.EqualsIgnoreCase(line[..length], candidate) ? candidate : null;
    }

    /// <summary>1*DIGIT, RFC 9110 section 8.6: no sign, no list, nothing that overflows.</summary>
    private static long Digits(ReadOnlySpan<byte> value)
    {
        if (!value.ContainsAnyExceptInRange((byte)'0', (byte)'9')
            && Utf8Parser.TryParse(value, out long length, out var used) && used == value.Length)
        {
            return length;
        }

        Refuse("a Content-Length that is not digits, or too many");
        return 0;
    }

    /// <summary>How long the body is, RFC 9112 section 6.3, with nothing left to a choice.</summary>
    private void EndOfHead()
    {
        if (!_hasHost) Refuse("no Host");
        if (_isChunked)
        {
            if (_contentLength is not null) Refuse("Transfer-Encoding together with Content-Length");
            if (_isHttp10) Refuse("Transfer-Encoding in HTTP/1.0");
            _part = Part.ChunkSize;
        }
        else
        {
            _remaining = _contentLength ?? 0;
            _part = _remaining > 0 ? Part.Content : Part.Complete;
        }
    }

    /// <summary>chunk-size [ chunk-ext ], RFC 9112 section 7.1: hexadecimal digits, and no more of them than a size has.</summary>
    private void ChunkSize(ReadOnlySpan<byte> line)
    {
        if (line.Length > LongestChunkLine) Refuse("a chunk's line is too long");
        var digits = line.IndexOf((byte)';') is >= 0 and var end ? end : line.Length;
        if (digits is 0 or > MostChunkDigits || !Utf8Parser.TryParse(line[..digits], out uint size, out var used, 'x') || used != digits
            || size > int.MaxValue)
        {
            Refuse(BadChunkSize);
            return;
        }

        if (digits < line.Length)
        {
            _extensionBytes += line.Length - digits;
            if (_extensionBytes > MostExtensionBytes) Refuse("too many chunk extensions");
            if (!Http1Bytes.IsChunkExtensions(line[digits..])) Refuse("chunk extensions outside the grammar");
        }

        _remaining = size;
        _part = size > 0 ? Part.ChunkData : Part.Trailers;
    }

    [System.Diagnostics.CodeAnalysis.DoesNotReturn]
    private static void Refuse(string reason) =>
        throw new BadHttpRequestException($"The request is not HTTP/1.1: {reason}.", StatusCodes.Status400BadRequest);
}
