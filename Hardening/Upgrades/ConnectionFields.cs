using System.Collections.Frozen;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace Topology.Hardening.Upgrades;

/// <summary>
/// RFC 9110 section 7.6.1: a field that <c>Connection</c> names is for the next hop only. A forwarder removes it before it sets fields of
/// its own.
/// </summary>
public static class ConnectionFields
{
    /// <summary>
    /// The fields that control one HTTP/1.1 connection. A message over HTTP/2 or HTTP/3 that has one is malformed (RFC 9113 section 8.2.2).
    /// </summary>
    public static FrozenSet<string> All { get; } =
        new[] { "Connection", "Proxy-Connection", "Keep-Alive", "Transfer-Encoding", "Upgrade" }
            .ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    /// <summary>Removes the fields that <c>Connection</c> names, except those that every message needs.</summary>
    /// <param name="headers">The message's fields.</param>
    /// <param name="connection">The values of its <c>Connection</c> fields.</param>
    public static void Remove(IHeaderDictionary headers, StringValues connection)
    {
        foreach (var value in connection)
        {
            if (value is null) continue;
            foreach (var range in value.AsSpan().Split(','))
            {
                var name = value.AsSpan(range).Trim(" \t");
                if (!name.IsEmpty && !IsKept(name)) headers.Remove(name.ToString());
            }
        }
    }

    /// <summary>
    /// Whether the field stays although <c>Connection</c> names it. Every message needs Host, Content-Length and Transfer-Encoding.
    /// Close and keep-alive are options, not fields. Upgrade and Connection have their own rules.
    /// </summary>
    private static bool IsKept(ReadOnlySpan<char> name)
    {
        foreach (var kept in (
            ReadOnlySpan<string>)["close", "keep-alive", "upgrade", "host", "content-length", "transfer-encoding", "connection"])
        {
            if (name.Equals(kept, StringComparison.OrdinalIgnoreCase)) return true;
        }

        return false;
    }
}
