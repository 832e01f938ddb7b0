using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Topology.Hardening.Forwarding;
using Topology.Hardening.Hosts;
using Topology.Hardening.Limits;
using Topology.Hardening.Listeners;
using Topology.Hardening.SecurityHeaders;

namespace Topology.Hardening;

/// <summary>Runs before the service's own pipeline. It decides whether a request is accepted and who the client is.</summary>
internal sealed class HardeningPipeline(IConfiguration configuration) : IStartupFilter
{
    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        // A host may inject addresses without listener names. The named listeners replace them.
        if (ListenerConfiguration.Read(configuration).Count > 0) app.ServerFeatures.Get<IServerAddressesFeature>()?.Addresses.Clear();

        app.UseMiddleware<AnswerWatch>();
        var ingress = app.ApplicationServices.GetRequiredService<TrustedProxies>().ForIngress();
        app.UseWhen(context => context.GetListener().IsBehindIngress, behind => behind.UseForwardedHeaders(ingress));
        app.UsePublicSecurityHeaders();
        app.UseMiddleware<PublicGate>();
        app.UseMiddleware<WebSocketOrigin>();
        app.UseHttpsOnly();
        app.UseWhen(context => !context.GetListener().IsPublic, @internal => @internal.UseForwardedHeaders());
        next(app);
    };
}
