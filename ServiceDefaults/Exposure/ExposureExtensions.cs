using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Topology.ServiceDefaults.Exposure.Hosts;
using Topology.ServiceDefaults.Exposure.Limits;
using Topology.ServiceDefaults.Exposure.Overload;
using Topology.ServiceDefaults.Exposure.Refusals;
using Topology.ServiceDefaults.Exposure.Surface;
using Topology.ServiceDefaults.Listeners;

namespace Topology.ServiceDefaults.Exposure;

/// <summary>Makes a service fit for the Internet. The edge and the backends' direct listeners have all of it alike.</summary>
internal static class ExposureExtensions
{
    public static void AddExposure(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddSingleton<AllowedHosts>();
        services.AddSingleton<RequestRefusals>();
        services.AddHostedService<ServerRefusals>();
        services.AddOptions<ExposureLimits>().Bind(configuration.GetSection(ExposureLimits.Section)).ValidateOnStart();
        services.AddSingleton<IValidateOptions<ExposureLimits>, LimitsCheck>();
        services.AddHostedService<WorstCase>();
        services.AddSingleton<UncountedClients>();
        services.AddSingleton<ConnectionLimits>();
        services.AddSingleton<AnswerBacklog>();
        services.AddSingleton<OpenStreams>();
        services.AddHostedService<MemoryReturn>();
        services.ConfigureOptions<KestrelLimits>();
        services.ConfigureOptions<SendBacklog>();
        services.AddOptions<WebSocketOptions>().Configure<IOptions<ExposureLimits>>((sockets, ours) =>
            (sockets.KeepAliveInterval, sockets.KeepAliveTimeout) = (ours.Value.Http2PingDelay, ours.Value.Http2PingTimeout));
        services.AddOptions<TopologyOptions>().Validate(
            options => options.WebSocketOrigins.All(WebSocketOrigin.IsOrigin),
            $"{TopologyOptions.Section}:WebSocketOrigins holds what is no origin; give scheme and host, such as https://app.example.com.").ValidateOnStart();
        services.AddSingleton<ForwardedHeadersSetup>();
        services.AddSingleton<IConfigureOptions<ForwardedHeadersOptions>>(provider => provider.GetRequiredService<ForwardedHeadersSetup>());
        services.AddOverloadProtection();
        services.AddPublicSurface();
        services.AddSingleton<IStartupFilter, ExposureStartupFilter>();
        services.AddHostedService<ExposureCheck>();
    }

    /// <summary>Stops a start that would expose what was not told to whom.</summary>
    private sealed class ExposureCheck(AllowedHosts hosts, IConfiguration configuration) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken)
        {
            var listeners = KestrelListeners.Read(configuration);
            if (hosts.Names.Count > 0 || (listeners.Count > 0 && !listeners.Any(entry => entry.Listener.IsPublic))) return Task.CompletedTask;
            throw new InvalidOperationException(
                $"{AllowedHosts.Key} is empty, and this service has public listeners. Name the hosts that it serves, such as example.com;*.example.com.");
        }

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
