using System.Buffers.Text;
using System.Text;

namespace Topology.Comparison.Lanes;

/// <summary>What a client needs from a response's head.</summary>
/// <param name="Status">The status.</param>
/// <param name="ContentLength">The body's length; null for a chunked body.</param>
/// <param name="Closes">Whether the server closes the connection after it.</param>
internal readonly record struct Http1Head(int Status, int? ContentLength, bool Closes)
{
    /// <summary>Whether the final response follows.</summary>
    public bool IsInterim => Status is >= 100 and < 200 and not 101;

    /// <param name="head">The status line and header lines, each with its line end.</param>
    /// <param name="isOfHead">Whether the request was HEAD: the head then describes a body that does not follow.</param>
    /// <exception cref="IOException">The response violates RFC 9112, or uses a feature that this client does not request.</exception>
    public static Http1Head Parse(ReadOnlySpan<byte> head, bool isOfHead)
    {
        if (!head.StartsWith("HTTP/1.1 "u8) || !Utf8Parser.TryParse(head[9..], out int status, out var digits) || digits != 3)
        {
            throw new IOException("The response does not begin with HTTP/1.1.");
        }

        int? length = null;
        var (chunked, closes) = (false, false);
        for (var lines = head[(head.IndexOf("\r\n"u8) + 2)..]; !lines.IsEmpty;)
        {
            var end = lines.IndexOf("\r\n"u8);
            var line = lines[..end];
            lines = lines[(end + 2)..];
            var colon = line.IndexOf((byte)':');
            if (colon <= 0) throw new IOException("The response has a header line without a name.");
            var name = line[..colon];
            var value = line[(colon + 1)..].Trim((byte)' ');
            if (Ascii.EqualsIgnoreCase(name, "content-length"u8))
            {
                if (length is not null || !Utf8Parser.TryParse(value, out int parsed, out var used) || used != value.Length || parsed < 0)
                {
                    throw new IOException("The response's Content-Length is not one number.");
                }

                length = parsed;
            }
            else if (Ascii.EqualsIgnoreCase(name, "transfer-encoding"u8))
            {
                chunked = Ascii.EqualsIgnoreCase(value, "chunked"u8) ? true
                    : throw new IOException("The response's Transfer-Encoding is not chunked.");
            }
            else if (Ascii.EqualsIgnoreCase(name, "connection"u8))
            {
                closes |= Ascii.EqualsIgnoreCase(value, "close"u8);
            }
        }

        if (isOfHead || status is < 200 or 204 or 304) return new(status, 0, closes);
        if (chunked == (length is not null)) throw new IOException("The response needs either Content-Length or chunked encoding.");
        return new(status, length, closes);
    }
}
