using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Options;
using Topology.Hardening.Listeners;

namespace Topology.Hardening.Hosts;

/// <summary>
/// Refuses WebSockets that pages of other sites open in a browser (RFC 6455 section 10.2). Browsers keep such pages from reading responses,
/// but not from using a WebSocket with the user's cookies. Other programs send no <c>Origin</c> and have no user to deceive.
/// </summary>
internal sealed class WebSocketOrigin(RequestDelegate next, IOptions<WebSocketOriginOptions> options, IProblemDetailsService problems)
{
    private readonly HashSet<string> _allowed = new(options.Value.WebSocketOrigins, StringComparer.OrdinalIgnoreCase);

    public Task InvokeAsync(HttpContext context) =>
        context.Request.Headers.Origin is { Count: > 0 } origin && IsWebSocket(context)
        && !IsOwn(origin.ToString(), context.Request.Host) && !_allowed.Contains(origin.ToString())
            ? RefuseAsync(context)
            : next(context);

    /// <summary>Whether the text is scheme, host and optional port, as browsers write them (RFC 6454 section 6.2).</summary>
    public static bool IsOrigin(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https"
            && text == uri.GetLeftPart(UriPartial.Authority);

    private static bool IsWebSocket(HttpContext context) =>
        context.Request.Headers.Upgrade.Count > 0 || context.Features.Get<IHttpExtendedConnectFeature>() is { IsExtendedConnect: true };

    /// <summary>
    /// Whether the origin is the request's own host. The scheme is not compared, because behind an ingress it may differ from the page's
    /// scheme.
    /// </summary>
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

/// <summary>The pages that may open WebSockets, in the configuration section <c>Topology</c>.</summary>
public sealed class WebSocketOriginOptions
{
    /// <summary>
    /// The origins whose pages may open WebSockets here, such as <c>https://app.example.com</c>. Pages of the service's own host always
    /// may.
    /// </summary>
    public IList<string> WebSocketOrigins { get; } = [];
}
