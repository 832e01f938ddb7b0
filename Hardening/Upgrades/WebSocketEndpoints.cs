using Microsoft.AspNetCore.Builder;

namespace Topology.Hardening.Upgrades;

/// <summary>Marks an endpoint that supports only WebSocket.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class WebSocketAttribute : Attribute;

/// <summary>Marks endpoints that support only WebSocket.</summary>
public static class WebSocketEndpointExtensions
{
    /// <summary>Makes the endpoint accept only WebSocket handshakes. Map it for every method; all other requests are refused.</summary>
    public static TBuilder SpeaksWebSocket<TBuilder>(this TBuilder builder) where TBuilder : IEndpointConventionBuilder =>
        builder.WithMetadata(new WebSocketAttribute());
}
