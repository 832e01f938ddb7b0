using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Configuration.Memory;
using Microsoft.Extensions.DependencyInjection;
using Topology.ServiceDefaults.Diagnostics;
using Topology.ServiceDefaults.Paths;
using Topology.ServiceDefaults.Problems;
using Topology.ServiceDefaults.Telemetry;

namespace Microsoft.Extensions.Hosting;

/// <summary>Defaults shared by all services of the topology.</summary>
public static class ServiceDefaultsExtensions
{
    /// <summary>
    /// Adds telemetry, service discovery, resilience for outgoing HTTP, health checks, path tags and problem details. Call it
    /// after <c>AddHardening</c>, which determines the client information that path tags use.
    /// </summary>
    public static TBuilder AddServiceDefaults<TBuilder>(this TBuilder builder) where TBuilder : IHostApplicationBuilder
    {
        AddDefaultConfiguration(builder.Configuration);
        builder.Services.AddOptions<TopologyOptions>().BindConfiguration(TopologyOptions.Section)
            .Validate(
                options => options.TracesPerSecond >= 0, $"{TopologyOptions.Section}:TracesPerSecond must be 0 or more.").ValidateOnStart();
        builder.AddTelemetry();
        builder.Services.AddHealthChecks().AddCheck("self", HealthEndpoints.Self, [HealthEndpoints.LiveTag]);

        builder.Services.AddServiceDiscovery();
        builder.Services.ConfigureHttpClientDefaults(http =>
        {
            http.AddStandardResilienceHandler();
            http.AddServiceDiscovery();
        });

        builder.Services.AddProblems();
        builder.Services.Insert(0, ServiceDescriptor.Singleton<IStartupFilter, ReceivedForwardedHeadersFilter>());
        builder.Services.AddSingleton<IStartupFilter, PathTaggingFilter>();
        return builder;
    }

    /// <summary>
    /// Tags requests with their workload and returns errors as problem details. Call it first, then <c>UseHardening</c>.
    /// </summary>
    public static WebApplication UseServiceDefaults(this WebApplication app)
    {
        app.Use(PathTagging.TagWorkload);
        app.UseProblems();
        return app;
    }

    /// <summary>Maps <c>/health</c> and <c>/alive</c>, on internal listeners only.</summary>
    public static WebApplication MapDefaultEndpoints(this WebApplication app)
    {
        HealthEndpoints.Map(app);
        return app;
    }

    /// <summary>Adds defaults with the lowest priority. Request logs are off: they would cost more than the requests.</summary>
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
