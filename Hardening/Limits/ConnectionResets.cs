using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;

namespace Topology.Hardening.Limits;

/// <summary>
/// Counts the requests of one connection that were broken off, and ends the connection above a number of them. It does not
/// matter who broke off: a client that makes the server reset its streams costs as much work for nothing as one that
/// resets them itself (CVE-2025-8671 and CVE-2023-44487).
/// </summary>
internal sealed class ConnectionResets(BaseConnectionContext connection, int limit, TimeProvider time)
{
    // Leaving a page breaks off all that it still loads; one after the other does not add up.
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(10);

    private const long ExcessiveLoad = 0x107; // H3_EXCESSIVE_LOAD, RFC 9114 section 8.1.

    private readonly Lock _lock = new();
    private long _begin = time.GetTimestamp();
    private int _count;

    /// <summary>A request was broken off.</summary>
    public void Count()
    {
        lock (_lock)
        {
            if (time.GetElapsedTime(_begin) > Period) (_begin, _count) = (time.GetTimestamp(), 0);
            if (++_count <= limit) return;
        }

        if (connection.Features.Get<IProtocolErrorCodeFeature>() is { } http3) http3.Error = ExcessiveLoad;
        connection.Abort(new ConnectionAbortedException("Too many of the connection's requests were broken off."));
    }
}
