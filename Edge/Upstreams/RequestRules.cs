using System.Globalization;
using Microsoft.AspNetCore.Http.Features;
using Topology.Hardening.Upgrades;
using Yarp.ReverseProxy.Transforms;

namespace Topology.Edge.Upstreams;

/// <summary>Request rules that a gateway must follow.</summary>
internal static class RequestRules
{
    /// <summary>
    /// Ignores Upgrade offers on routes that do not support the protocol (RFC 9110 section 7.8). YARP would forward them to a
    /// backend that does not support them either.
    /// </summary>
    public static Task IgnoreUpgrade(HttpContext context, RequestDelegate next)
    {
        if (context.GetEndpoint()?.Metadata.GetMetadata<WebSocketAttribute>() is null) context.Request.Headers.Remove("Upgrade");
        return next(context);
    }

    /// <summary>
    /// RFC 9110 section 7.6.2: <c>Max-Forwards</c> of an OPTIONS request counts down at each gateway, and the one that receives 0 answers
    /// itself. A number that is too large to count counts as the largest one.
    /// </summary>
    public static Task CountForwards(HttpContext context, RequestDelegate next)
    {
        if (!HttpMethods.IsOptions(context.Request.Method) || context.Request.Headers["Max-Forwards"] is not [{ Length: > 0 } value]
            || value.AsSpan().ContainsAnyExceptInRange('0', '9'))
        {
            return next(context);
        }

        if (!uint.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var left)) left = uint.MaxValue;
        if (left > 0)
        {
            context.Request.Headers["Max-Forwards"] = (left - 1).ToString(CultureInfo.InvariantCulture);
            return next(context);
        }

        context.Response.StatusCode = StatusCodes.Status204NoContent;
        return Task.CompletedTask;
    }

    /// <summary>
    /// Preserves percent-encoding in the path. YARP would decode and re-encode it, so <c>%3B</c> would become <c>;</c>, which
    /// is a different path (RFC 3986 section 2.2).
    /// </summary>
    public static ValueTask KeepEscapes(RequestTransformContext transform)
    {
        var request = transform.HttpContext.Request;
        var target = transform.HttpContext.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        var path = RawPath(target);
        if (!path.Contains('%') || transform.ProxyRequest.RequestUri is not null || transform.Path.Value is not { } outgoing
            || request.Path.Value is not { Length: > 0 } decoded
            || !outgoing.EndsWith(decoded, StringComparison.Ordinal))
        {
            return ValueTask.CompletedTask;
        }

        // The prefix that the route adds, such as a site's prefix.
        var prefix = outgoing.AsSpan(0, outgoing.Length - decoded.Length);
        transform.ProxyRequest.RequestUri = new Uri(
            $"{transform.DestinationPrefix.TrimEnd('/')}{prefix}{path}{transform.Query.QueryString}",
                new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });
        return ValueTask.CompletedTask;
    }

    /// <summary>
    /// RFC 9110 section 10.1.4: <c>TE</c> is for one connection, and in HTTP/1.1 <c>Connection</c> must say so. YARP passes on the
    /// <c>TE</c> of HTTP/2 clients without that.
    /// </summary>
    public static ValueTask OfferTrailersOverHttp2Only(RequestTransformContext transform)
    {
        if (transform.ProxyRequest.Version.Major < 2) transform.ProxyRequest.Headers.Remove("TE");
        return ValueTask.CompletedTask;
    }

    private static ReadOnlySpan<char> RawPath(ReadOnlySpan<char> target)
    {
        if (!target.StartsWith("/"))
        {
            var authority = target.IndexOf("://");
            var start = authority < 0 ? -1 : target[(authority + 3)..].IndexOf('/');
            if (start < 0) return default;
            target = target[(authority + 3 + start)..];
        }

        var query = target.IndexOf('?');
        return query < 0 ? target : target[..query];
    }
}
