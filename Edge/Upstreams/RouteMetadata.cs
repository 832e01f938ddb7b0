using Microsoft.AspNetCore.Http.Metadata;
using Topology.Hardening.Limits;
using Topology.Hardening.Upgrades;
using Topology.ServiceDefaults.Paths;
using Yarp.ReverseProxy.Configuration;

namespace Topology.Edge.Upstreams;

/// <summary>Reads a route's <c>Metadata</c>: workload, protocol, limits, and what makes a repeat safe.</summary>
internal static class RouteMetadata
{
    private static readonly string[] Keys =
        ["Workload", "Speaks", nameof(RepeatKey), nameof(RouteLimits.Kind), nameof(RouteLimits.BodyBytes), nameof(RouteLimits.Timeout)];

    private static readonly WritesOwnErrors OwnErrors = new();

    /// <summary>
    /// Checks the metadata when the configuration is loaded. If it is wrong, the edge does not start, or it keeps its previous
    /// configuration.
    /// </summary>
    /// <exception cref="InvalidOperationException">A key is unknown or its value is invalid. The message names both the route
    /// and the key.</exception>
    public static void Check(RouteConfig route)
    {
        if (route.Timeout is not null || route.TimeoutPolicy is not null)
        {
            throw new InvalidOperationException(
                $"ReverseProxy:Routes:{route.RouteId}:Timeout is not supported; set Metadata:{nameof(RouteLimits.Timeout)} instead.");
        }

        if (route.Metadata is not { Count: > 0 } metadata) return;
        if (metadata.Keys.FirstOrDefault(key => !Keys.Contains(key)) is { } unknown)
        {
            throw new InvalidOperationException(
                $"ReverseProxy:Routes:{route.RouteId}:Metadata:{unknown} is unknown; use some of {string.Join(", ", Keys)}.");
        }

        if (metadata.TryGetValue("Speaks", out var protocol) && protocol != "WebSocket")
        {
            throw new InvalidOperationException(
                $"ReverseProxy:Routes:{route.RouteId}:Metadata:Speaks is \"{protocol}\". Set it to WebSocket, or remove it.");
        }

        if (ReadLimits(route.RouteId, metadata).BodyBytes is not <= RepeatKey.LargestBody && metadata.ContainsKey(nameof(RepeatKey)))
        {
            throw new InvalidOperationException(
                $"ReverseProxy:Routes:{route.RouteId}:Metadata:{nameof(RepeatKey)} keeps bodies in memory; set BodyBytes to at most "
                    + $"{RepeatKey.LargestBody}.");
        }
    }

    /// <summary>Applies checked metadata to the route's endpoint.</summary>
    public static void Apply(IEndpointConventionBuilder endpoint, RouteConfig route)
    {
        endpoint.WithMetadata(OwnErrors);
        if (route.Metadata is not { Count: > 0 } metadata) return;
        if (metadata.TryGetValue("Workload", out var workload)) endpoint.WithWorkload(workload);
        if (metadata.GetValueOrDefault("Speaks") == "WebSocket") endpoint.SpeaksWebSocket();
        if (metadata.TryGetValue(nameof(RepeatKey), out var header)) endpoint.WithMetadata(new RepeatKey(header));
        endpoint.WithLimits(ReadLimits(route.RouteId, metadata));
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

    /// <summary>Responses of backends pass unchanged, and the forwarder writes problem details for its own errors.</summary>
    private sealed class WritesOwnErrors : ISkipStatusCodePagesMetadata;
}
