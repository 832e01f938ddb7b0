using System.Buffers;
using System.Net;

namespace Topology.Hardening.Strictness;

/// <summary>Byte sets and small grammars of RFC 9110, RFC 9112 and RFC 3986, as vectorised searches.</summary>
internal static class Http1Bytes
{
    /// <summary>tchar, RFC 9110 section 5.6.2.</summary>
    public static readonly SearchValues<byte> Token =
        SearchValues.Create("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"u8);

    /// <summary>
    /// Every control character except HTAB. One search finds the end of a line and any character that RFC 9110 section 5.5 forbids in a
    /// field value.
    /// </summary>
    public static readonly SearchValues<byte> Controls = SearchValues.Create(
        [.. Enumerable.Range(0, 0x20).Where(value => value != '\t').Append(0x7F).Select(value => (byte)value)]);

    /// <summary>Visible ASCII without "#". Clients never send a fragment, RFC 9112 section 3.2.1.</summary>
    public static readonly SearchValues<byte> Target = SearchValues.Create(
        [.. Enumerable.Range(0x21, 0x7F - 0x21).Where(value => value != '#').Select(value => (byte)value)]);

    /// <summary>HEXDIG in both cases.</summary>
    public static readonly SearchValues<byte> HexDigits = SearchValues.Create("0123456789ABCDEFabcdef"u8);

    /// <summary>The characters of DNS and service names. RFC 3986's reg-name allows more, but nobody serves such names.</summary>
    private static readonly SearchValues<byte> Name =
        SearchValues.Create("-._0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"u8);

    /// <summary>Ends a run of qdtext, RFC 9110 section 5.6.4. Control characters are already excluded.</summary>
    private static readonly SearchValues<byte> QuotedEnd = SearchValues.Create("\"\\"u8);

    /// <summary>uri-host [ ":" port ], RFC 9110 section 7.2: a name, an IPv4 address or a bracketed IPv6 address.</summary>
    public static bool IsHost(ReadOnlySpan<byte> host)
    {
        int end;
        if (host.StartsWith((byte)'['))
        {
            end = host.IndexOf((byte)']');
            // A zone ("%eth0") is meaningful on one machine only, so it is refused.
            if (end < 0 || host[1..end].Contains((byte)'%') || !host[1..end].Contains((byte)':')
                || !IPAddress.TryParse(host[1..end], out _))
            {
                return false;
            }
            end++;
        }
        else
        {
            end = host.IndexOfAnyExcept(Name);
            if (end < 0) return !host.IsEmpty;
            if (end == 0) return false;
        }

        var port = host[end..];
        return port.IsEmpty || (port[0] == ':' && port.Length is > 1 and <= 6
            && !port[1..].ContainsAnyExceptInRange((byte)'0', (byte)'9') && ushort.TryParse(port[1..], out _));
    }

    /// <summary>
    /// *( ";" BWS chunk-ext-name [ BWS "=" BWS chunk-ext-val ] BWS ), RFC 9112 section 7.1.1. White space between the size and the first
    /// ";" is refused: the grammar tolerates it, but parsers disagree about it.
    /// </summary>
    public static bool IsChunkExtensions(ReadOnlySpan<byte> text)
    {
        while (!text.IsEmpty)
        {
            if (text[0] != ';') return false;
            text = text[1..].TrimStart(" \t"u8);
            if (!TakeToken(ref text)) return false;

            var next = text.TrimStart(" \t"u8);
            if (next.StartsWith((byte)'='))
            {
                text = next[1..].TrimStart(" \t"u8);
                if (text.StartsWith((byte)'"') ? !TakeQuoted(ref text) : !TakeToken(ref text)) return false;
                next = text.TrimStart(" \t"u8);
            }

            if (next.IsEmpty) return text.IsEmpty; // White space must precede another extension, not the end of the line.
            text = next;
        }

        return true;
    }

    private static bool TakeToken(ref ReadOnlySpan<byte> text)
    {
        var length = text.IndexOfAnyExcept(Token);
        if (length < 0) length = text.Length;
        text = text[length..];
        return length > 0;
    }

    private static bool TakeQuoted(ref ReadOnlySpan<byte> text)
    {
        for (var at = 1; at < text.Length; at++)
        {
            var next = text[at..].IndexOfAny(QuotedEnd);
            if (next < 0) return false;
            at += next;
            if (text[at] == '"')
            {
                text = text[(at + 1)..];
                return true;
            }

            at++; // Skip the escaped byte.
        }

        return false;
    }
}
