using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Topology.Hardening.Certificates;
using Topology.Hardening.Forwarding;
using Topology.Hardening.Hosts;
using Topology.Hardening.Limits;
using Topology.Hardening.Listeners;
using Topology.Hardening.Overload;
using Topology.Hardening.Refusals;
using Topology.Hardening.SecurityHeaders;
using Topology.Hardening.Tracing;
using Topology.Hardening.Upgrades;

namespace Topology.Hardening;

/// <summary>
/// Prepares a Kestrel application for the Internet. Call <c>AddHardening</c> and <c>UseHardening</c>, and name the listeners in
/// <c>Topology:Listeners</c>.
/// </summary>
public static class HardeningExtensions
{
    private const string Section = "Topology";

    /// <summary>
    /// Adds the listeners with their certificates, and the rules for hosts, forwarded headers, limits and syntax. The checks that must run
    /// first are inserted at the start of the pipeline.
    /// </summary>
    public static TBuilder AddHardening<TBuilder>(this TBuilder builder) where TBuilder : IHostApplicationBuilder
    {
        var services = builder.Services;
        services.AddProblemDetails();
        services.AddSingleton<RequestRefusals>();
        services.AddHostedService<ServerRefusals>();
        builder.AddTraceTrust(Section);
        services.AddCertificates(builder.Configuration, builder.Environment);
        AddListeners(services);
        AddHosts(services);
        AddForwardedHeaders(services);
        services.AddLimits(builder.Configuration);
        services.AddSingleton<RateLimits>();
        services.AddSecurityHeaders(Section);
        services.AddSingleton<IStartupFilter, HardeningPipeline>();
        return builder;
    }

    /// <summary>Applies the limits, timeouts and upgrade rules of each route. Call it before the middleware that responds.</summary>
    public static WebApplication UseHardening(this WebApplication app)
    {
        app.UseMiddleware<StreamLimits>();
        app.UseMiddleware<OverloadProtection>();
        app.UseMiddleware<RouteLimitsMiddleware>();
        app.UseMiddleware<UpgradeRules>();
        app.UseMiddleware<GrpcNeedsHttp2>();
        return app;
    }

    private static void AddListeners(IServiceCollection services)
    {
        services.ConfigureOptions<KestrelListeners>();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<MatcherPolicy, InternalEndpointPolicy>());
    }

    private static void AddHosts(IServiceCollection services)
    {
        services.AddSingleton<AllowedHosts>();
        services.AddHostedService<HostsCheck>();
        services.AddOptions<WebSocketOriginOptions>().BindConfiguration(Section).Validate(
            options => options.WebSocketOrigins.All(WebSocketOrigin.IsOrigin),
            $"{Section}:WebSocketOrigins contains an entry that is not an origin. Give scheme and host, such as "
                + "https://app.example.com.").ValidateOnStart();
    }

    private static void AddForwardedHeaders(IServiceCollection services)
    {
        services.AddOptions<TrustedProxyOptions>().BindConfiguration(Section)
            .Validate(options => options.ForwardLimit >= 1, $"{Section}:ForwardLimit must be 1 or more.")
            .Validate(options => options.IngressForwardLimit >= 1, $"{Section}:IngressForwardLimit must be 1 or more.")
            .ValidateOnStart();
        services.AddSingleton<TrustedProxies>();
        services.AddSingleton<IConfigureOptions<ForwardedHeadersOptions>>(provider => provider.GetRequiredService<TrustedProxies>());
    }

    /// <summary>Prevents a service from starting if it has public listeners but no host names.</summary>
    private sealed class HostsCheck(AllowedHosts hosts, IConfiguration configuration) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken)
        {
            var listeners = ListenerConfiguration.Read(configuration);
            if (hosts.Names.Count > 0 || (listeners.Count > 0 && !listeners.Any(entry => entry.Listener.IsPublic)))
            {
                return Task.CompletedTask;
            }
            throw new InvalidOperationException(
                $"{AllowedHosts.Key} is empty, and this service has public listeners. Name the hosts that it serves, such as "
                    + "example.com;*.example.com.");
        }

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
