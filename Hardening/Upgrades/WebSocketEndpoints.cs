using Microsoft.AspNetCore.Builder;

namespace Topology.Hardening.Upgrades;

/// <summary>Marks an endpoint that speaks WebSocket, and nothing else.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class WebSocketAttribute : Attribute;

/// <summary>Marks endpoints that speak WebSocket.</summary>
public static class WebSocketEndpointExtensions
{
    /// <summary>The endpoint takes WebSocket handshakes only; map it for any method, and others than a handshake's are refused.</summary>
    public static TBuilder SpeaksWebSocket<TBuilder>(this TBuilder builder) where TBuilder : IEndpointConventionBuilder =>
        builder.WithMetadata(new WebSocketAttribute());
}
