using System.Diagnostics.Metrics;
using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Options;

namespace Topology.Hardening.Limits;

/// <summary>
/// Counts the open connections of public listeners, TCP and QUIC together, in total and per client, and closes connections above a limit. A
/// TCP connection is closed before the TLS handshake. A QUIC connection is closed after it, because QUIC reports it only then. Only clients
/// with an open connection are remembered.
/// </summary>
internal sealed class ConnectionLimits(IOptions<PublicLimits> limits, UncountedClients uncounted, TimeProvider time, IMeterFactory meters)
{
    private const long ExcessiveLoad = 0x107; // H3_EXCESSIVE_LOAD, RFC 9114 section 8.1.

    private readonly ClientCounts _clients = new();
    private readonly Counter<long> _refused = meters.Create(nameof(Topology)).CreateCounter<long>(
        "topology.connections.refused", "{connection}", "Connections closed because a limit was reached; the tag names it.");

    /// <summary>
    /// Counts a listener's connections. Behind an ingress it does not count per client: all connections come from the ingress.
    /// </summary>
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
                if (isCounted && !_clients.TryEnter(client, limits.Value.ConnectionsPerClient))
                {
                    Refuse(connection, "client");
                    return;
                }

                try
                {
                    connection.Features.Set(new ConnectionResets(connection, limits.Value.ResetsPerConnection, time));
                    using var age = time.CreateTimer(
                        static ended => RequestClose((BaseConnectionContext)ended!), connection, Age(), Timeout.InfiniteTimeSpan);
                    await next();
                }
                finally
                {
                    if (isCounted) _clients.Leave(client);
                }
            }
            finally
            {
                Interlocked.Decrement(ref open);
            }
        }
    }

    /// <summary>
    /// A connection's maximum age. It varies randomly by a tenth, so that connections opened together do not all reconnect together.
    /// </summary>
    private TimeSpan Age() => limits.Value.ConnectionAge * (0.9 + 0.2 * Random.Shared.NextDouble());

    /// <summary>
    /// Closes the connection gracefully: requests in progress continue. In HTTP/2 and HTTP/3, the client is asked to open a new connection
    /// for further requests.
    /// </summary>
    private static void RequestClose(BaseConnectionContext connection) =>
        connection.Features.Get<IConnectionLifetimeNotificationFeature>()?.RequestClose();

    private void Refuse(BaseConnectionContext connection, string limit)
    {
        _refused.Add(1, new KeyValuePair<string, object?>("topology.limit", limit));
        if (connection.Features.Get<IProtocolErrorCodeFeature>() is { } http3) http3.Error = ExcessiveLoad;
        connection.Abort(new ConnectionAbortedException("Too many connections."));
    }
}
