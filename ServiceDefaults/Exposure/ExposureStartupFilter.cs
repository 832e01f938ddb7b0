using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Topology.ServiceDefaults.Diagnostics;
using Topology.ServiceDefaults.Exposure.Hosts;
using Topology.ServiceDefaults.Exposure.Limits;
using Topology.ServiceDefaults.Exposure.Surface;
using Topology.ServiceDefaults.Listeners;
using Topology.ServiceDefaults.Paths;

namespace Topology.ServiceDefaults.Exposure;

/// <summary>
/// Puts in front of a service's own pipeline what every request must pass: whether it may come in at all, who the client
/// is, and by which path it came.
/// </summary>
internal sealed class ExposureStartupFilter(IConfiguration configuration) : IStartupFilter
{
    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        // The addresses that a host injects have no names; the named listeners are the same ones and are opened instead.
        if (KestrelListeners.Read(configuration).Count > 0) app.ServerFeatures.Get<IServerAddressesFeature>()?.Addresses.Clear();

        app.UseMiddleware<AnswerWatch>();
        app.UseReceivedForwardedHeaders();
        var ingress = app.ApplicationServices.GetRequiredService<ForwardedHeadersSetup>().ForIngress();
        app.UseWhen(context => context.GetListener().IsBehindIngress, behind => behind.UseForwardedHeaders(ingress));
        app.UsePublicHeaders();
        app.UseMiddleware<PublicGate>();
        app.UseMiddleware<WebSocketOrigin>();
        app.UseHttpsOnly();
        app.UseWhen(context => !context.GetListener().IsPublic, @internal => @internal.UseForwardedHeaders());
        app.UseMiddleware<PathTagging>();
        next(app);
    };
}
