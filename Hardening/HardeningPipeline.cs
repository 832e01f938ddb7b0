using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Topology.Hardening.Forwarding;
using Topology.Hardening.Hosts;
using Topology.Hardening.Limits;
using Topology.Hardening.Listeners;
using Topology.Hardening.SecurityHeaders;

namespace Topology.Hardening;

/// <summary>
/// Runs before the service's own pipeline. It decides whether a request is accepted and who the client is. Each kind of listener has its
/// own checks, so that a request looks up its listener only once here.
/// </summary>
internal sealed class HardeningPipeline(IConfiguration configuration) : IStartupFilter
{
    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        // A host may inject addresses without listener names. The named listeners replace them.
        if (ListenerConfiguration.Read(configuration).Count > 0) app.ServerFeatures.Get<IServerAddressesFeature>()?.Addresses.Clear();

        app.Use(rest =>
        {
            var @public = Branch(app, UsePublicChecks, rest);
            var ingress = Branch(
                app, branch => UsePublicChecks(branch, app.ApplicationServices.GetRequiredService<TrustedProxies>().ForIngress()), rest);
            var @internal = Branch(app, branch => branch.UseForwardedHeaders(), rest);
            return context => context.GetListener() switch
            {
                { IsPublic: false } => @internal(context),
                { IsBehindIngress: true } => ingress(context),
                _ => @public(context),
            };
        });
        next(app);
    };

    private static void UsePublicChecks(IApplicationBuilder app) => UsePublicChecks(app, ingress: null);

    private static void UsePublicChecks(IApplicationBuilder app, ForwardedHeadersOptions? ingress)
    {
        app.UseMiddleware<AnswerWatch>();
        if (ingress is not null) app.UseForwardedHeaders(ingress);
        app.UseMiddleware<PublicSecurityHeaders>();
        app.UseMiddleware<PublicGate>();
        app.UseMiddleware<WebSocketOrigin>();
        app.UseHttpsOnly();
    }

    private static RequestDelegate Branch(IApplicationBuilder app, Action<IApplicationBuilder> configure, RequestDelegate rest)
    {
        var branch = app.New();
        configure(branch);
        branch.Run(rest);
        return branch.Build();
    }
}
