using Yarp.ReverseProxy.Forwarder;
using Yarp.ReverseProxy.Health;
using Yarp.ReverseProxy.Model;

namespace Topology.Edge.Upstreams;

/// <summary>
/// Marks a replica unhealthy after one failed connection attempt, and healthy again after a successful one. A failure rate
/// reacts too slowly if the replica had many successes before. Other failures do not count, because clients can cause them and
/// must not control which replicas are used. The active health check detects replicas that accept connections but hang.
/// </summary>
internal sealed class UnreachableReplicas(IDestinationHealthUpdater updater) : IPassiveHealthCheckPolicy
{
    public const string PolicyName = "Unreachable";

    public string Name => PolicyName;

    public void RequestProxied(HttpContext context, ClusterState cluster, DestinationState destination)
    {
        var failure = context.GetForwarderErrorFeature();
        if (failure is not null && !WasNeverConnected(failure)) return;

        var health = failure is null ? DestinationHealth.Healthy : DestinationHealth.Unhealthy;
        updater.SetPassive(cluster, destination, health, LoadBalancing.Reactivation);
    }

    /// <summary>The connection failed to open, so no part of the request was sent.</summary>
    public static bool WasNeverConnected(IForwarderErrorFeature failure) =>
        failure.Error == ForwarderError.Request
        && failure.Exception is HttpRequestException
        {
            HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError,
        };
}
