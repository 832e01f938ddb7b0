using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Context.Propagation;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;
using Topology.ServiceDefaults.Paths;

namespace Topology.ServiceDefaults.Telemetry;

internal static class TelemetryExtensions
{
    /// <summary>Exports traces, metrics and logs over OTLP, only if the environment sets an endpoint.</summary>
    public static void AddTelemetry(this IHostApplicationBuilder builder)
    {
        var options = builder.Configuration.GetSection(TopologyOptions.Section).Get<TopologyOptions>() ?? new();
        // Use W3C trace context without baggage, even if nothing is exported: untrusted baggage must not be forwarded.
        Sdk.SetDefaultTextMapPropagator(new TraceContextPropagator());

        if (string.IsNullOrWhiteSpace(builder.Configuration["OTEL_EXPORTER_OTLP_ENDPOINT"])) return;

        builder.Logging.AddOpenTelemetry(logging =>
        {
            logging.IncludeFormattedMessage = true;
            logging.IncludeScopes = true;
        });

        builder.Services.AddOpenTelemetry()
            .WithTracing(tracing => tracing
                .SetSampler(new ParentBasedSampler(new RecordedTraces(options.TracesPerSecond, TimeProvider.System)))
                .AddProcessor<InheritedTags>()
                .AddSource(builder.Environment.ApplicationName, "Yarp.ReverseProxy")
                .AddAspNetCoreInstrumentation(options => options.Filter = context => !HealthEndpoints.IsHealthPath(context.Request.Path))
                .AddHttpClientInstrumentation(options =>
                    options.FilterHttpRequestMessage = request =>
                        request.RequestUri is not { } uri || !HealthEndpoints.IsHealthPath(uri.AbsolutePath)))
            .WithMetrics(metrics => metrics
                .AddMeter(builder.Environment.ApplicationName, nameof(Topology), "Yarp.ReverseProxy")
                .AddAspNetCoreInstrumentation()
                .AddHttpClientInstrumentation()
                .AddRuntimeInstrumentation())
            .UseOtlpExporter();
    }
}
