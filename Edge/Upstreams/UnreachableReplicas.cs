using Yarp.ReverseProxy.Forwarder;
using Yarp.ReverseProxy.Health;
using Yarp.ReverseProxy.Model;

namespace Topology.Edge.Upstreams;

/// <summary>
/// Leaves a replica out from the first request that could not connect to it, and takes it back with the first that could.
/// A rate of failures would need many of them where a replica had many successes before it died. Other failures do
/// not count: a client can cause them, by breaking off or by what it sends, and must not decide which replicas take part.
/// A replica that connects and then hangs is for the active health check to find.
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
        updater.SetPassive(cluster, destination, health, UpstreamDefaults.Reactivation);
    }

    /// <summary>The connection could not be opened, so nothing of the request was sent.</summary>
    public static bool WasNeverConnected(IForwarderErrorFeature failure) =>
        failure.Error == ForwarderError.Request
        && failure.Exception is HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError };
}
