using System.Buffers;
using System.Net;

namespace Topology.Hardening.Strictness;

/// <summary>The byte sets and small grammars of RFC 9110, RFC 9112 and RFC 3986, as vectorised searches.</summary>
internal static class Http1Bytes
{
    /// <summary>tchar, RFC 9110 section 5.6.2.</summary>
    public static readonly SearchValues<byte> Token =
        SearchValues.Create("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"u8);

    /// <summary>
    /// What may stand in no line but as its end: every control character except HTAB. Searching for it finds a line's
    /// end and, in the same pass, anything that RFC 9110 section 5.5 forbids in a field value.
    /// </summary>
    public static readonly SearchValues<byte> Controls = SearchValues.Create(
        [.. Enumerable.Range(0, 0x20).Where(value => value != '\t').Append(0x7F).Select(value => (byte)value)]);

    /// <summary>Visible ASCII without "#": a fragment is never sent, RFC 9112 section 3.2.1.</summary>
    public static readonly SearchValues<byte> Target = SearchValues.Create(
        [.. Enumerable.Range(0x21, 0x7F - 0x21).Where(value => value != '#').Select(value => (byte)value)]);

    /// <summary>HEXDIG in both cases.</summary>
    public static readonly SearchValues<byte> HexDigits = SearchValues.Create("0123456789ABCDEFabcdef"u8);

    /// <summary>A registered name as DNS and service names use it; narrower than RFC 3986's reg-name, which nobody serves.</summary>
    private static readonly SearchValues<byte> Name =
        SearchValues.Create("-._0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"u8);

    /// <summary>What ends a run of qdtext, RFC 9110 section 5.6.4; control characters are found before.</summary>
    private static readonly SearchValues<byte> QuotedEnd = SearchValues.Create("\"\\"u8);

    /// <summary>uri-host [ ":" port ], RFC 9110 section 7.2: a name, an IPv4 address or a bracketed IPv6 address.</summary>
    public static bool IsHost(ReadOnlySpan<byte> host)
    {
        int end;
        if (host.StartsWith((byte)'['))
        {
            end = host.IndexOf((byte)']');
            // A zone ("%eth0") means something on one machine only.
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
    /// *( ";" BWS chunk-ext-name [ BWS "=" BWS chunk-ext-val ] BWS ), RFC 9112 section 7.1.1. White space between the size
    /// and the first ";" is refused: the grammar tolerates it, and parsers disagree about it.
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

            if (next.IsEmpty) return text.IsEmpty; // White space leads to another extension, never to the line's end.
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

            at++; // The byte after a backslash stands for itself.
        }

        return false;
    }
}
