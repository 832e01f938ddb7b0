using System.Diagnostics;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;

namespace Topology.Hardening.Tracing;

/// <summary>Whose trace context a service follows, in the configuration section <c>Topology</c>.</summary>
public sealed class TraceOptions
{
    /// <summary>
    /// A secret that the services and their own clients share. A service follows a trace context that comes with this key, on any
    /// listener, and ignores every other. Without a key each service starts its own traces.
    /// </summary>
    public string? TraceKey { get; set; }
}

internal static class TraceTrust
{
    private const int ShortestKey = 16;

    /// <summary>Makes the process follow and send trace contexts with the configured key only.</summary>
    public static void AddTraceTrust(this IHostApplicationBuilder builder, string section)
    {
        builder.Services.AddOptions<TraceOptions>().BindConfiguration(section)
            .Validate(
                options =>
                IsKey(options.TraceKey),
                $"{section}:{nameof(TraceOptions.TraceKey)} must have {ShortestKey} characters or more, of visible ASCII.")
            .ValidateOnStart();
        // The host has already registered the default, so it is replaced there too.
        var propagation = new TraceContextPropagation(builder.Configuration.GetSection(section)[nameof(TraceOptions.TraceKey)]);
        DistributedContextPropagator.Current = propagation;
        builder.Services.Replace(ServiceDescriptor.Singleton<DistributedContextPropagator>(propagation));
    }

    private static bool IsKey(string? key) =>
        string.IsNullOrEmpty(key) || (key.Length >= ShortestKey && key.All(character => character is > ' ' and <= '~'));
}
