using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Topology.Hardening.Limits;

/// <summary>How a route transfers its bodies.</summary>
public enum RouteKind
{
    /// <summary>A request and its response: it has a timeout, and it counts among the requests in progress.</summary>
    Request,

    /// <summary>A download, an upload or a stream of events. It has no timeout, and it counts as a stream instead of a request.</summary>
    Stream,

    /// <summary>Messages in both directions, as in WebSocket and gRPC: a stream whose body has no end and may be silent for long.</summary>
    Messages,
}

/// <summary>
/// The limits of one route, where they differ from <see cref="PublicLimits"/>. An endpoint gets them with <c>WithLimits</c>.
/// </summary>
public sealed record RouteLimits
{
    /// <summary>How the route transfers its bodies.</summary>
    public RouteKind Kind { get; init; }

    /// <summary>
    /// The largest request body in bytes; 0 accepts none. Null takes <see cref="PublicLimits.BodyBytes"/>. Messages have no limit.
    /// </summary>
    public long? BodyBytes { get; init; }

    /// <summary>The time for a request and its response. Null takes <see cref="PublicLimits.RequestTimeout"/>. Streams have none.</summary>
    public TimeSpan? Timeout { get; init; }

    internal bool IsStream => Kind != RouteKind.Request;
}

/// <summary>Gives endpoints limits, and reads them.</summary>
public static class RouteLimitsExtensions
{
    /// <summary>Limits the requests of this endpoint. Declare the same limits at the edge and at the service behind it.</summary>
    public static TBuilder WithLimits<TBuilder>(this TBuilder builder, RouteLimits limits) where TBuilder : IEndpointConventionBuilder
    {
        ArgumentNullException.ThrowIfNull(limits);
        return builder.WithMetadata(limits);
    }

    /// <summary>The limits of the endpoint that routing found; null if it has none of its own.</summary>
    internal static RouteLimits? GetRouteLimits(this HttpContext context) => context.GetEndpoint()?.Metadata.GetMetadata<RouteLimits>();
}
