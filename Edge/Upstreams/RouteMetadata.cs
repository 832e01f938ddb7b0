using Topology.Hardening.Limits;
using Topology.Hardening.Upgrades;
using Topology.ServiceDefaults.Paths;
using Yarp.ReverseProxy.Configuration;

namespace Topology.Edge.Upstreams;

/// <summary>Applies a route's <c>Metadata</c> to its endpoint: workload, protocol, limits, and what makes a repeat safe.</summary>
internal static class RouteMetadata
{
    private static readonly string[] Keys =
        ["Workload", "Speaks", nameof(RepeatKey), nameof(RouteLimits.Kind), nameof(RouteLimits.BodyBytes), nameof(RouteLimits.Timeout)];

    /// <exception cref="InvalidOperationException">A key is unknown or its value is invalid. The message names both the route
    /// and the key.</exception>
    public static void Apply(IEndpointConventionBuilder endpoint, RouteConfig route)
    {
        if (route.Metadata is not { Count: > 0 } metadata) return;
        if (metadata.Keys.FirstOrDefault(key => !Keys.Contains(key)) is { } unknown)
        {
            throw new InvalidOperationException(
                $"ReverseProxy:Routes:{route.RouteId}:Metadata:{unknown} is unknown; use some of {string.Join(", ", Keys)}.");
        }

        if (metadata.TryGetValue("Workload", out var workload)) endpoint.WithWorkload(workload);
        if (metadata.GetValueOrDefault("Speaks") == "WebSocket") endpoint.SpeaksWebSocket();
        var limits = ReadLimits(route.RouteId, metadata);
        if (metadata.TryGetValue(nameof(RepeatKey), out var header))
        {
            if (limits.BodyBytes is not <= RepeatKey.LargestBody)
            {
                throw new InvalidOperationException(
                    $"ReverseProxy:Routes:{route.RouteId}:Metadata:{nameof(RepeatKey)} keeps bodies in memory; "
                    + $"set BodyBytes to at most {RepeatKey.LargestBody}.");
            }
            endpoint.WithMetadata(new RepeatKey(header));
        }
        endpoint.WithLimits(limits);
    }

    private static RouteLimits ReadLimits(string route, IReadOnlyDictionary<string, string> metadata)
    {
        try
        {
            return new ConfigurationBuilder().AddInMemoryCollection(metadata!).Build().Get<RouteLimits>() ?? new();
        }
        catch (InvalidOperationException exception)
        {
            throw new InvalidOperationException($"ReverseProxy:Routes:{route}:Metadata: {exception.Message}", exception);
        }
    }
}
