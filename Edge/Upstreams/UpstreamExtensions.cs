using Microsoft.Extensions.Options;
using Topology.Edge.Answers;
using Topology.ServiceDefaults.Paths;
using Yarp.ReverseProxy.Forwarder;
using Yarp.ReverseProxy.Health;
using Yarp.ReverseProxy.ServiceDiscovery;
using Yarp.ReverseProxy.Transforms;

namespace Topology.Edge.Upstreams;

internal static class UpstreamExtensions
{
    /// <summary>
    /// Adds YARP. Routes come from configuration and follow its changes. Destinations come from service discovery.
    /// </summary>
    public static void AddUpstreams(this IHostApplicationBuilder builder)
    {
        builder.Services.AddOptions<UpstreamOptions>().BindConfiguration(UpstreamOptions.Section)
            .Validate(options => options.IsKnown, "Edge:Upstream must be internal-h2, internal-tls, internal or empty.")
            .Validate(options => options.ReplicaWait >= TimeSpan.Zero, "Edge:ReplicaWait must be 0 or more, such as 00:00:05.")
            .Validate(options => options.WaitingRequests >= 0, "Edge:WaitingRequests must be 0 or more.").ValidateOnStart();
        builder.Services.AddSingleton<RetryBudget>();
        builder.Services.AddSingleton<ReplicaWait>();
        // Use the configured HTTP/2 window instead of the HTTP client's dynamic window.
        AppContext.SetSwitch("System.Net.SocketsHttpHandler.Http2FlowControl.DisableDynamicWindowSizing", true);
        builder.Services.MatchHostsFirst();
        builder.Services.AddSingleton<ForwardingLoops>();
        builder.Services.AddSingleton<IPassiveHealthCheckPolicy, UnreachableReplicas>();
        builder.Services.AddSingleton<IForwarderHttpClientFactory, UpstreamHttpClientFactory>();
        builder.Services.AddReverseProxy()
            .LoadFromConfig(builder.Configuration.GetSection("ReverseProxy"))
            .AddConfigFilter<UpstreamDefaults>()
            .AddTransforms(transforms =>
            {
                // By default, YARP sets X-Forwarded-* and does not append to existing values. Untrusted values are already removed.
                var path = transforms.Services.GetRequiredService<IOptions<TopologyOptions>>().Value.Path;
                transforms.AddRequestHeader(TopologyPath.Header, path, append: false);
                transforms.AddRequestTransform(RequestRules.KeepEscapes);
                transforms.AddRequestTransform(RequestRules.OfferTrailersOverHttp2Only);
                transforms.AddRequestTransform(transforms.Services.GetRequiredService<ForwardingLoops>().AddViaAsync);
                transforms.AddResponseTransform(AnswerRules.CheckAsync);
                transforms.AddResponseTrailersTransform(AnswerRules.CheckTrailersAsync);
            });
        builder.Services.AddSingleton<IDestinationResolver, DiscoveredDestinations>();
    }
}
