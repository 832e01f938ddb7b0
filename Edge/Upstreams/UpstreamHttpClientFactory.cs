using System.Diagnostics;
using Microsoft.Extensions.Options;
using Topology.Hardening.Certificates;
using Topology.Hardening.Limits;
using Yarp.ReverseProxy.Forwarder;

namespace Topology.Edge.Upstreams;

/// <summary>
/// Connections to backends. With TLS, both sides show certificates of the inside's authority, each of its service's name.
/// </summary>
internal sealed class UpstreamHttpClientFactory(
    ServerCertificates certificates, IOptions<UpstreamOptions> options, IOptions<PublicLimits> limits,
    DistributedContextPropagator propagation, ILogger<ForwarderHttpClientFactory> logger) : ForwarderHttpClientFactory(logger)
{
    // Idle connections end here before the backend's keep-alive (130 s by default) ends them there: a request that meets
    // a closing connection would fail for no reason of its own.
    private static readonly TimeSpan IdleTimeout = TimeSpan.FromSeconds(60);

    protected override void ConfigureHandler(ForwarderHttpClientContext context, SocketsHttpHandler handler)
    {
        base.ConfigureHandler(context, handler);
        handler.ActivityHeadersPropagator = new ReverseProxyPropagator(propagation);
        handler.PooledConnectionIdleTimeout = IdleTimeout;
        handler.ConnectTimeout = TimeSpan.FromSeconds(5);
        handler.InitialHttp2StreamWindowSize = limits.Value.UpstreamStreamWindow;
        if (options.Value.Upstream == UpstreamOptions.Tls)
        {
            certificates.Configure(handler.SslOptions);
        }
    }
}
