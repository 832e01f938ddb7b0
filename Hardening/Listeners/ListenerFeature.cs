using Microsoft.AspNetCore.Http;

namespace Topology.Hardening.Listeners;

/// <summary>The listener that accepted a connection. The server sets it, so no request can change it.</summary>
public sealed record ListenerFeature(Listener Listener);

/// <summary>Reads the listener of a request.</summary>
public static class ListenerHttpContextExtensions
{
    /// <summary>
    /// The listener that accepted the request's connection. An unknown one counts as public, because public listeners trust nobody.
    /// </summary>
    public static Listener GetListener(this HttpContext context) =>
        context.Features.Get<ListenerFeature>()?.Listener ?? Listener.Http;
}
