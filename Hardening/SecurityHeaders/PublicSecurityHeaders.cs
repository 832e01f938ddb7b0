using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;

namespace Topology.Hardening.SecurityHeaders;

/// <summary>
/// Adds security headers to every public response. They replace the security headers of a proxied response, because the outermost service
/// decides. The values are constant, so a request only copies them.
/// </summary>
internal sealed class PublicSecurityHeaders(RequestDelegate next, IOptions<BrowserOptions> options)
{
    private const string DataPolicy = "default-src 'none'; frame-ancestors 'none'";

    private const string PagePolicy =
        "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; base-uri 'self'; "
            + "form-action 'self'; frame-ancestors 'none'";

    private static readonly StringValues Year = "max-age=31536000; includeSubDomains";

    private readonly StringValues _contentPolicy = options.Value.ServesPages ? PagePolicy : DataPolicy;
    private readonly bool _httpsOnly = options.Value.Https.Redirect;

    public Task InvokeAsync(HttpContext context)
    {
        context.Response.OnStarting(
            static state =>
            {
                var (headers, context) = ((PublicSecurityHeaders, HttpContext))state;
                headers.Set(context);
                return Task.CompletedTask;
            },
            (this, context));
        return next(context);
    }

    private void Set(HttpContext context)
    {
        var headers = context.Response.Headers;
        headers.ContentSecurityPolicy = _contentPolicy;
        headers.XContentTypeOptions = "nosniff";
        headers.XFrameOptions = "DENY";
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        headers.Remove("Server");
        // RFC 6797 section 7.2: never over cleartext. On localhost it would also bind every other application of the developer.
        if (_httpsOnly && context.Request is { IsHttps: true, Host.Host: not "localhost" }) headers.StrictTransportSecurity = Year;
    }
}
