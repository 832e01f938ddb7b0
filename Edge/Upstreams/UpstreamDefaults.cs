using System.Net;
using System.Security.Authentication;
using Microsoft.Extensions.Options;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Forwarder;

namespace Topology.Edge.Upstreams;

/// <summary>
/// Sets the protocol, load balancing, health checks and timeouts of clusters that do not configure their own. Checks routes.
/// </summary>
internal sealed class UpstreamDefaults(IOptions<UpstreamOptions> options) : IProxyConfigFilter
{
    // Allows for the slowest first byte and for pauses in a stream.
    private static readonly TimeSpan ActivityTimeout = TimeSpan.FromSeconds(100);

    public ValueTask<ClusterConfig> ConfigureClusterAsync(ClusterConfig cluster, CancellationToken cancel) => new(cluster with
    {
        LoadBalancingPolicy = cluster.LoadBalancingPolicy ?? LoadBalancing.Policy,
        HealthCheck = cluster.HealthCheck ?? LoadBalancing.HealthCheck,
        HttpClient = cluster.HttpClient ?? new HttpClientConfig
        {
            EnableMultipleHttp2Connections = true,
            // Same encoding as the listeners, so that every byte of a field value is preserved.
            RequestHeaderEncoding = "latin1",
            ResponseHeaderEncoding = "latin1",
            SslProtocols = options.Value.Upstream == UpstreamOptions.Tls ? SslProtocols.Tls12 | SslProtocols.Tls13 : null,
        },
        HttpRequest = cluster.HttpRequest ?? new ForwarderRequestConfig
        {
            ActivityTimeout = ActivityTimeout,
            Version = options.Value.Upstream is UpstreamOptions.Http1 or UpstreamOptions.Platform && !SpeaksHttp2(cluster)
                ? HttpVersion.Version11 : HttpVersion.Version20,
            // Cleartext HTTP/2 has no negotiation, so no fallback is possible.
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        },
    });

    /// <summary>gRPC uses HTTP/2 on every upstream.</summary>
    private static bool SpeaksHttp2(ClusterConfig cluster) => cluster.Metadata?.GetValueOrDefault("Protocol") == "HTTP/2";

    public ValueTask<RouteConfig> ConfigureRouteAsync(RouteConfig route, ClusterConfig? cluster, CancellationToken cancel)
    {
        RouteMetadata.Check(route);
        return new(route);
    }
}
