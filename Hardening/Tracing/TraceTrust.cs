using System.Diagnostics;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;

namespace Topology.Hardening.Tracing;

/// <summary>The trace contexts that a service trusts, in the configuration section <c>Topology</c>.</summary>
public sealed class TraceOptions
{
    /// <summary>
    /// A secret that the services and their own clients share. On every listener, a service trusts only trace contexts with this key.
    /// Without a key, each service starts its own traces.
    /// </summary>
    public string? TraceKey { get; set; }
}

internal static class TraceTrust
{
    private const int ShortestKey = 16;

    /// <summary>Makes the process trust and send trace contexts only with the configured key.</summary>
    public static void AddTraceTrust(this IHostApplicationBuilder builder, string section)
    {
        builder.Services.AddOptions<TraceOptions>().BindConfiguration(section)
            .Validate(
                options =>
                IsKey(options.TraceKey),
                $"{section}:{nameof(TraceOptions.TraceKey)} must have at least {ShortestKey} visible ASCII characters.")
            .ValidateOnStart();
        // The host has already registered the default propagator, so this replaces it.
        var propagation = new TraceContextPropagation(builder.Configuration.GetSection(section)[nameof(TraceOptions.TraceKey)]);
        DistributedContextPropagator.Current = propagation;
        builder.Services.Replace(ServiceDescriptor.Singleton<DistributedContextPropagator>(propagation));
    }

    private static bool IsKey(string? key) =>
        string.IsNullOrEmpty(key) || (key.Length >= ShortestKey && key.All(character => character is > ' ' and <= '~'));
}
