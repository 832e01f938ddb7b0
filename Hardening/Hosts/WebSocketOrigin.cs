using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Options;
using Topology.Hardening.Listeners;

namespace Topology.Hardening.Hosts;

/// <summary>
/// Refuses WebSockets that a page of another site opens in a browser (RFC 6455 section 10.2). Browsers keep such pages from
/// reading answers, but not from talking over a WebSocket with the user's cookies. A program that is no browser sends no
/// <c>Origin</c> and has no user to deceive.
/// </summary>
internal sealed class WebSocketOrigin(RequestDelegate next, IOptions<WebSocketOriginOptions> options, IProblemDetailsService problems)
{
    private readonly HashSet<string> _allowed = new(options.Value.WebSocketOrigins, StringComparer.OrdinalIgnoreCase);

    public Task InvokeAsync(HttpContext context) =>
        context.Request.Headers.Origin is { Count: > 0 } origin && context.GetListener().IsPublic && IsWebSocket(context)
        && !IsOwn(origin.ToString(), context.Request.Host) && !_allowed.Contains(origin.ToString())
            ? RefuseAsync(context)
            : next(context);

    /// <summary>Scheme, host and perhaps a port, as a browser writes them (RFC 6454 section 6.2).</summary>
    public static bool IsOrigin(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https"
            && text == uri.GetLeftPart(UriPartial.Authority);

    private static bool IsWebSocket(HttpContext context) =>
        context.Request.Headers.Upgrade.Count > 0 || context.Features.Get<IHttpExtendedConnectFeature>() is { IsExtendedConnect: true };

    /// <summary>The scheme does not matter: behind an ingress it may be another one than the page's.</summary>
    private static bool IsOwn(string origin, HostString host) =>
        Uri.TryCreate(origin, UriKind.Absolute, out var uri)
        && string.Equals(uri.Host, host.Host, StringComparison.OrdinalIgnoreCase)
        && (host.Port is { } port ? uri.Port == port : uri.IsDefaultPort);

    private async Task RefuseAsync(HttpContext context)
    {
        context.Response.StatusCode = StatusCodes.Status403Forbidden;
        await problems.TryWriteAsync(new()
        {
            HttpContext = context,
            ProblemDetails = { Status = StatusCodes.Status403Forbidden, Detail = "Pages of this origin may not open a WebSocket here." },
        });
    }
}

/// <summary>Which pages may open WebSockets, in the configuration section <c>Topology</c>.</summary>
public sealed class WebSocketOriginOptions
{
    /// <summary>
    /// The origins, such as <c>https://app.example.com</c>, whose pages may open WebSockets here. Pages of the service's own host may
    /// always do so.
    /// </summary>
    public IList<string> WebSocketOrigins { get; } = [];
}
