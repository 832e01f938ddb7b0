using System.Net;
using System.Security.Authentication;
using Microsoft.Extensions.Options;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Forwarder;
using Yarp.ReverseProxy.LoadBalancing;

namespace Topology.Edge.Upstreams;

/// <summary>
/// Gives every cluster the upstream's protocol, load balancing, health checks and timeouts, where it has none of its own.
/// </summary>
internal sealed class UpstreamDefaults(IOptions<UpstreamOptions> options) : IProxyConfigFilter
{
    // Long enough for the slowest first byte, and the pause that a stream may make.
    private static readonly TimeSpan ActivityTimeout = TimeSpan.FromSeconds(100);

    /// <summary>
    /// How long a replica that could not be reached is left alone. Short, because trying it again costs little: a request
    /// that cannot connect goes to another replica.
    /// </summary>
    public static readonly TimeSpan Reactivation = TimeSpan.FromSeconds(1);

    private static readonly HealthCheckConfig HealthCheck = new()
    {
        // Asks each replica, so that one that hangs or starts leaves and joins without a client's request being spent on it.
        Active = new(
            )
        {
            Enabled = true,
            Path = "/health",
            Interval = TimeSpan.FromSeconds(2),
            Timeout = TimeSpan.FromSeconds(2),
            Policy =
            "ConsecutiveFailures"
        },
        // Watches requests: a replica that cannot be reached leaves at once and is tried again after a while.
        Passive = new() { Enabled = true, Policy = UnreachableReplicas.PolicyName, ReactivationPeriod = Reactivation },
        AvailableDestinationsPolicy = "HealthyAndUnknown",
    };

    public ValueTask<ClusterConfig> ConfigureClusterAsync(ClusterConfig cluster, CancellationToken cancel) => new(cluster with
    {
        LoadBalancingPolicy = cluster.LoadBalancingPolicy ?? LoadBalancingPolicies.PowerOfTwoChoices,
        HealthCheck = cluster.HealthCheck ?? HealthCheck,
        HttpClient = cluster.HttpClient ?? new HttpClientConfig
        {
            EnableMultipleHttp2Connections = true,
            // As the listeners read and write field values: each byte stays what it is.
            RequestHeaderEncoding = "latin1",
            ResponseHeaderEncoding = "latin1",
            SslProtocols = options.Value.Upstream == UpstreamOptions.Tls ? SslProtocols.Tls12 | SslProtocols.Tls13 : null,
        },
        HttpRequest = cluster.HttpRequest ?? new ForwarderRequestConfig
        {
            ActivityTimeout = ActivityTimeout,
            Version = options.Value.Upstream is UpstreamOptions.Http1 or UpstreamOptions.Platform && !SpeaksHttp2(cluster)
                ? HttpVersion.Version11 : HttpVersion.Version20,
            // Cleartext HTTP/2 has no negotiation, so nothing else may be tried.
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        },
    });

    /// <summary>gRPC is HTTP/2 on every upstream.</summary>
    private static bool SpeaksHttp2(ClusterConfig cluster) => cluster.Metadata?.GetValueOrDefault("Protocol") == "HTTP/2";

    public ValueTask<RouteConfig> ConfigureRouteAsync(RouteConfig route, ClusterConfig? cluster, CancellationToken cancel) => new(route);
}
