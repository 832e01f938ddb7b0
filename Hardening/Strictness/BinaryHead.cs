using System.Buffers;
using Microsoft.AspNetCore.Http.Features;
using Topology.Hardening.Upgrades;

namespace Topology.Hardening.Strictness;

/// <summary>
/// Rejects heads that HTTP/2 and HTTP/3 can carry in binary but HTTP/1.1 cannot express. Written as text by a proxy, they would be invalid
/// or mean something else (RFC 9113 sections 8.2.1, 8.2.2 and 10.3, RFC 9114 section 4.2). Kestrel itself checks pseudo-header fields,
/// letter case and <c>TE</c>.
/// </summary>
internal static class BinaryHead
{
    private static readonly SearchValues<char> Token = Chars(Http1Bytes.Token);
    private static readonly SearchValues<char> Target = Chars(Http1Bytes.Target);
    private static readonly SearchValues<char> Controls = Chars(Http1Bytes.Controls);

    /// <summary>Whether the head of an HTTP/2 or HTTP/3 request is well-formed.</summary>
    public static bool IsWellFormed(IHttpRequestFeature request)
    {
        if (request.Method.Length > Http1Scanner.LongestMethod || request.RawTarget.AsSpan().ContainsAnyExcept(Target)) return false;
        foreach (var (name, values) in request.Headers)
        {
            if (name.AsSpan().ContainsAnyExcept(Token) || ConnectionFields.All.Contains(name)) return false;
            foreach (var value in values)
            {
                if (value is null or "") continue;
                if (value[0] is ' ' or '\t' || value[^1] is ' ' or '\t' || value.AsSpan().ContainsAny(Controls)) return false;
            }
        }

        return true;
    }

    private static SearchValues<char> Chars(SearchValues<byte> bytes) =>
        SearchValues.Create([.. Enumerable.Range(0, 0x100).Where(value => bytes.Contains((byte)value)).Select(value => (char)value)]);
}
