using System.Buffers;
using System.Text.Unicode;

namespace Topology.Hardening.Strictness;

/// <summary>
/// Accepts only request targets that every server and proxy reads as the same path. Programs disagree about <c>%2F</c>, <c>\</c>, empty
/// segments and <c>..</c> (RFC 3986 section 6 allows several normal forms). If an edge routes by one reading and the backend by another,
/// a request reaches a resource that it should not. So such targets are refused, not normalised.
/// </summary>
public static class UnambiguousPath
{
    // What needs the slower check: an escape, a backslash, a dot at the start of a segment, a double slash.
    private static readonly SearchValues<string> Suspicious = SearchValues.Create(["%", "\\", "/.", "//"], StringComparison.Ordinal);

    // pchar and "/", RFC 3986 section 3.3, besides the escapes.
    private static readonly SearchValues<char> PathCharacters = SearchValues.Create(
        "/-._~!$&'()*+,;=:@%0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    /// <summary>Whether the path of a raw request target, in any of its forms, has only one reading.</summary>
    public static bool IsUnambiguous(ReadOnlySpan<char> target)
    {
        if (target is "" or "*") return true; // CONNECT in HTTP/2, OPTIONS for the whole server.
        if (target[0] != '/')
        {
            var authority = target.IndexOf("://");
            if (authority < 0) return false;
            var start = target[(authority + 3)..].IndexOfAny('/', '?');
            target = start < 0 ? "/" : target[(authority + 3 + start)..];
        }

        var end = target.IndexOf('?');
        var path = end < 0 ? target : target[..end];
        return !path.ContainsAnyExcept(PathCharacters) && (path.IndexOfAny(Suspicious) < 0 || HasOneReading(path));
    }

    private static bool HasOneReading(ReadOnlySpan<char> path)
    {
        if (path.Contains("//", StringComparison.Ordinal)) return false;
        if (path.Length > 4096) return false; // No route needs a path that is this long and has escapes.

        Span<byte> decoded = stackalloc byte[path.Length];
        var length = 0;
        for (var i = 0; i < path.Length; i++, length++)
        {
            if (path[i] != '%')
            {
                decoded[length] = (byte)path[i];
                continue;
            }

            if (i + 2 >= path.Length
                || Convert.FromHexString(path.Slice(i + 1, 2), decoded[length..], out _, out _) != OperationStatus.Done)
            {
                return false;
            }
            if (decoded[length] is (byte)'/' or (byte)'\\' or < 0x20 or 0x7F) return false;
            i += 2;
        }

        decoded = decoded[..length];
        if (!Utf8.IsValid(decoded) || HasEscape(decoded)) return false;
        foreach (var segment in ((ReadOnlySpan<byte>)decoded).Split((byte)'/'))
        {
            if (decoded[segment] is [(byte)'.'] or [(byte)'.', (byte)'.']) return false;
        }

        return true;
    }

    /// <summary>
    /// Whether the decoded path still contains an escape. A program that decodes twice would read another path.
    /// </summary>
    private static bool HasEscape(ReadOnlySpan<byte> decoded)
    {
        for (var at = decoded.IndexOf((byte)'%'); at >= 0 && at + 2 < decoded.Length; at++)
        {
            if (decoded[at] == '%' && char.IsAsciiHexDigit((char)decoded[at + 1]) && char.IsAsciiHexDigit((char)decoded[at + 2]))
            {
                return true;
            }
        }

        return false;
    }
}
