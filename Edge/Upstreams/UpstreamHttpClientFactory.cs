using System.Diagnostics;
using Microsoft.Extensions.Options;
using Topology.Hardening.Certificates;
using Topology.Hardening.Limits;
using Yarp.ReverseProxy.Forwarder;

namespace Topology.Edge.Upstreams;

/// <summary>
/// Creates the clients for backends. With TLS, both sides present certificates of the internal authority, each issued for its
/// service's name.
/// </summary>
internal sealed class UpstreamHttpClientFactory(
    ServerCertificates certificates, IOptions<UpstreamOptions> options, IOptions<PublicLimits> limits,
    DistributedContextPropagator propagation, ILogger<ForwarderHttpClientFactory> logger) : ForwarderHttpClientFactory(logger)
{
    // Must be shorter than the backend's keep-alive timeout (130 s by default). Otherwise a request can fail on a closing
    // connection.
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
