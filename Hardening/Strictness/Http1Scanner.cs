using System.Buffers;
using System.Buffers.Text;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Topology.Hardening.Strictness;

/// <summary>
/// Follows one connection's HTTP/1.1 requests byte by byte, as RFC 9112 writes them, and refuses whatever two parsers
/// could read differently. It takes whole lines and body bytes, keeps no copy of them, and stops where a request ends.
/// </summary>
internal sealed partial class Http1Scanner
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
}
