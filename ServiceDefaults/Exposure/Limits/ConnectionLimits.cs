using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Options;

namespace Topology.ServiceDefaults.Exposure.Limits;

/// <summary>
/// Counts the open connections of public listeners, TCP and QUIC together, altogether and by client, and closes what
/// comes above: before a TLS handshake is spent on it, except with QUIC, which tells of a connection after its handshake.
/// Only clients with a connection are remembered.
/// </summary>
internal sealed class ConnectionLimits(IOptions<ExposureLimits> limits, UncountedClients uncounted, IMeterFactory meters)
{
    private const long ExcessiveLoad = 0x107; // H3_EXCESSIVE_LOAD, RFC 9114 section 8.1.

    private readonly ConcurrentDictionary<ClientNetwork, int> _clients = new();
    private readonly Counter<long> _refused = meters.Create(nameof(Topology)).CreateCounter<long>(
        "topology.connections.refused", "{connection}", "Connections closed because a limit was reached; the tag says which.");

    /// <summary>Behind an ingress all connections are the ingress', so clients cannot be told apart by them.</summary>
    public void Guard(ListenOptions endpoint, bool isBehindIngress)
    {
        var open = 0;
        endpoint.Use(next => connection => CountAsync(connection, () => next(connection)));
        ((IMultiplexedConnectionBuilder)endpoint).Use(next => connection => CountAsync(connection, () => next(connection)));

        async Task CountAsync(BaseConnectionContext connection, Func<Task> next)
        {
            var address = (connection.RemoteEndPoint as IPEndPoint)?.Address;
            var client = ClientNetwork.Of(address);
            var isCounted = !isBehindIngress && !uncounted.Contains(address);
            if (Interlocked.Increment(ref open) > limits.Value.Connections)
            {
                Interlocked.Decrement(ref open);
                Refuse(connection, "listener");
                return;
            }

            try
            {
                if (isCounted && !TryEnter(client))
                {
                    Refuse(connection, "client");
                    return;
                }

                try
                {
                    await next();
                }
                finally
                {
                    if (isCounted) Leave(client);
                }
            }
            finally
            {
                Interlocked.Decrement(ref open);
            }
        }
    }

    private bool TryEnter(ClientNetwork client)
    {
        if (_clients.AddOrUpdate(client, 1, static (_, count) => count + 1) <= limits.Value.ConnectionsPerClient) return true;
        Leave(client);
        return false;
    }

    private void Leave(ClientNetwork client)
    {
        // Removed only while it is 0; if another connection came in between, its count stays.
        if (_clients.AddOrUpdate(client, 0, static (_, count) => count - 1) == 0) _clients.TryRemove(new(client, 0));
    }

    private void Refuse(BaseConnectionContext connection, string limit)
    {
        _refused.Add(1, new KeyValuePair<string, object?>("topology.limit", limit));
        if (connection.Features.Get<IProtocolErrorCodeFeature>() is { } http3) http3.Error = ExcessiveLoad;
        connection.Abort(new ConnectionAbortedException("Too many connections."));
    }
}
