using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Topology.Hardening.Limits;

internal static class LimitsExtensions
{
    /// <summary>Adds <see cref="PublicLimits"/> and the services that enforce them on connections, streams and responses.</summary>
    public static void AddLimits(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<PublicLimits>().Bind(
            configuration.GetSection(PublicLimits.Section), binder => binder.ErrorOnUnknownConfiguration = true).ValidateOnStart();
        services.AddSingleton<IValidateOptions<PublicLimits>, LimitsCheck>();
        services.AddHostedService<WorstCase>();
        services.AddSingleton<UncountedClients>();
        services.AddSingleton<ConnectionLimits>();
        services.AddSingleton<AnswerBacklog>();
        services.AddSingleton<OpenStreams>();
        services.AddHostedService<MemoryReturn>();
        services.ConfigureOptions<KestrelLimits>();
        services.ConfigureOptions<SendBacklog>();
        services.AddOptions<WebSocketOptions>().Configure<IOptions<PublicLimits>>((sockets, ours) =>
            (sockets.KeepAliveInterval, sockets.KeepAliveTimeout) = (ours.Value.Http2PingDelay, ours.Value.Http2PingTimeout));
    }
}
