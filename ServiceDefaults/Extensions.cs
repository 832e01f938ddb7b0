using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Configuration.Memory;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Topology.ServiceDefaults;
using Topology.ServiceDefaults.Certificates;
using Topology.ServiceDefaults.Exposure;
using Topology.ServiceDefaults.Exposure.Overload;
using Topology.ServiceDefaults.Exposure.Upgrades;
using Topology.ServiceDefaults.Listeners;
using Topology.ServiceDefaults.Paths;
using Topology.ServiceDefaults.Problems;
using Topology.ServiceDefaults.Telemetry;

namespace Microsoft.Extensions.Hosting;

/// <summary>What every service of the topology shares.</summary>
public static class ServiceDefaultsExtensions
{
    /// <summary>
    /// Telemetry, service discovery, resilience for outgoing HTTP, health checks, the topology's listeners with their
    /// trust, and problem details.
    /// </summary>
    public static TBuilder AddServiceDefaults<TBuilder>(this TBuilder builder) where TBuilder : IHostApplicationBuilder
    {
        AddDefaultConfiguration(builder.Configuration);
        builder.Services.AddOptions<TopologyOptions>().BindConfiguration(TopologyOptions.Section).ValidateOnStart();
        builder.Services.AddSingleton<IValidateOptions<TopologyOptions>, TopologyOptionsCheck>();
        builder.Services.AddSingleton(ServiceIdentity.Of(builder.Environment, builder.Configuration));
        builder.AddTelemetry();
        builder.Services.AddHealthChecks().AddCheck("self", HealthEndpoints.Self, [HealthEndpoints.LiveTag]);

        builder.Services.AddServiceDiscovery();
        builder.Services.ConfigureHttpClientDefaults(http =>
        {
            http.AddStandardResilienceHandler();
            http.AddServiceDiscovery();
        });

        AddListeners(builder);
        builder.Services.AddProblems();
        builder.Services.AddExposure(builder.Configuration);
        return builder;
    }

    /// <summary>
    /// Problem details for errors, then what keeps a service from being overrun; to be called first, as it must know the
    /// route that the limits are of.
    /// </summary>
    public static WebApplication UseServiceDefaults(this WebApplication app)
    {
        app.Use(PathTagging.TagWorkload);
        app.UseProblems();
        app.UseOverloadProtection();
        app.UseMiddleware<UpgradeRules>();
        app.UseMiddleware<GrpcNeedsHttp2>();
        return app;
    }

    /// <summary>Maps <c>/health</c> and <c>/alive</c>, on internal listeners only.</summary>
    public static WebApplication MapDefaultEndpoints(this WebApplication app)
    {
        HealthEndpoints.Map(app);
        return app;
    }

    private static void AddListeners(IHostApplicationBuilder builder)
    {
        builder.Services.AddCertificates(builder.Configuration);
        builder.Services.ConfigureOptions<KestrelListeners>();
        builder.Services.TryAddEnumerable(ServiceDescriptor.Singleton<AspNetCore.Routing.MatcherPolicy, InternalEndpointPolicy>());
    }

    /// <summary>Defaults below every other source: per-request log lines would cost more than the requests they tell of.</summary>
    private static void AddDefaultConfiguration(IConfigurationManager configuration) =>
        configuration.Sources.Insert(0, new MemoryConfigurationSource
        {
            InitialData = new Dictionary<string, string?>
            {
                ["Logging:LogLevel:Default"] = "Information",
                ["Logging:LogLevel:Microsoft.AspNetCore"] = "Warning",
                ["Logging:LogLevel:Microsoft.EntityFrameworkCore"] = "Warning",
                ["Logging:LogLevel:System.Net.Http"] = "Warning",
                ["Logging:LogLevel:Polly"] = "Warning",
                ["Logging:LogLevel:Yarp"] = "Warning",
            },
        });
}
