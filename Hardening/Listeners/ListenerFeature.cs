using Microsoft.AspNetCore.Http;

namespace Topology.Hardening.Listeners;

/// <summary>Tells on which listener a connection was accepted. Set by the server, so no request can change it.</summary>
public sealed record ListenerFeature(Listener Listener);

/// <summary>Reads the listener of a request.</summary>
public static class ListenerHttpContextExtensions
{
    /// <summary>
    /// The listener that accepted the request's connection. A connection of unknown origin counts as public,
    /// because that is the listener which trusts nobody.
    /// </summary>
    public static Listener GetListener(this HttpContext context) =>
        context.Features.Get<ListenerFeature>()?.Listener ?? Listener.Http;
}
