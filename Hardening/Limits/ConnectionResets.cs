using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;

namespace Topology.Hardening.Limits;

/// <summary>
/// Counts the aborted requests of one connection, and closes the connection above a limit. Aborts by either side count: a client that makes
/// the server reset streams wastes as much work as one that resets them itself (CVE-2025-8671 and CVE-2023-44487).
/// </summary>
internal sealed class ConnectionResets(BaseConnectionContext connection, int limit, TimeProvider time)
{
    // A client that leaves a page aborts all its loads at once. The count restarts every period, so occasional aborts do not add up.
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(10);

    private const long ExcessiveLoad = 0x107; // H3_EXCESSIVE_LOAD, RFC 9114 section 8.1.

    private readonly Lock _lock = new();
    private long _begin = time.GetTimestamp();
    private int _count;

    /// <summary>Counts an aborted request.</summary>
    public void Count()
    {
        lock (_lock)
        {
            if (time.GetElapsedTime(_begin) > Period) (_begin, _count) = (time.GetTimestamp(), 0);
            if (++_count <= limit) return;
        }

        if (connection.Features.Get<IProtocolErrorCodeFeature>() is { } http3) http3.Error = ExcessiveLoad;
        connection.Abort(new ConnectionAbortedException("Too many requests on this connection were aborted."));
    }
}
