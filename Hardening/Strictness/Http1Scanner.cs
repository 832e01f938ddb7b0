using System.Buffers;
using Microsoft.AspNetCore.Http;

namespace Topology.Hardening.Strictness;

/// <summary>
/// Scans one connection's HTTP/1.1 requests byte by byte (RFC 9112), and refuses everything that two parsers could read differently. It
/// takes whole lines and body bytes, keeps no copies, and stops at the end of each request.
/// </summary>
internal sealed partial class Http1Scanner
{
    // The longest method in IANA's registry has 17 characters.
    internal const int LongestMethod = 32;

    // Includes chunk extensions. No server here uses them.
    private const int LongestChunkLine = 256;

    // The limit of Kestrel's parser, including leading zeros.
    private const int MostChunkDigits = 8;

    private const string BadChunkSize = "a chunk size that is not hexadecimal or has too many digits";

    // For all chunk extensions of a request together, because no body limit counts them.
    private const int MostExtensionBytes = 16 * 1024;

    // The longest line to assemble from several transport blocks. Kestrel's own limits take effect sooner.
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

    /// <summary>The options in the request's <c>Connection</c> fields, without <c>close</c> and <c>keep-alive</c>.</summary>
    public string? Connection { get; private set; }

    /// <summary>Whether the bytes taken so far complete a request.</summary>
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

    /// <summary>Takes the complete lines and body bytes of the current request from <paramref name="bytes"/>.</summary>
    /// <returns>The number of bytes taken. Pass the rest again, followed by more bytes.</returns>
    /// <exception cref="BadHttpRequestException">The request breaks a rule. The message names it.</exception>
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
                    if (rest[0] != '\r' || (rest.Length > 1 && rest[1] != '\n')) Refuse("a chunk does not end at its size");
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

    /// <summary>The length of the line without its CRLF, or -1 if it has not ended. RFC 9112 section 2.2.</summary>
    private static int LineLength(ReadOnlySpan<byte> bytes)
    {
        var end = bytes.IndexOfAny(Http1Bytes.Controls);
        if (end < 0) return -1;
        if (bytes[end] != '\r') Refuse(bytes[end] == '\n' ? "a line ends in a bare LF" : "a control character");
        if (end + 1 == bytes.Length) return -1;
        if (bytes[end + 1] != '\n') Refuse("a bare CR");
        return end;
    }

    /// <summary>
    /// Refuses an incomplete line early if no further byte can make it valid, because the rest of the line may never arrive.
    /// </summary>
    private void CheckBeginning(ReadOnlySpan<byte> line)
    {
        if (_part == Part.ChunkSize)
        {
            if (line.Length > LongestChunkLine) Refuse("the line of a chunk size is too long");
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
            Refuse("the method is not a token or is too long");
        }
    }

    private void Line(ReadOnlySpan<byte> line)
    {
        switch (_part)
        {
            case Part.RequestLine when line.IsEmpty:
                // RFC 9112 section 2.2 tolerates one empty line, because old clients send one after a body.
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
                if (FieldName(line) is "host" or "content-length" or "transfer-encoding") Refuse("a framing field in the trailers");
                break;
        }
    }
}
