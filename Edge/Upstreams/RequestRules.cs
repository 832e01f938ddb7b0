using Microsoft.AspNetCore.Http.Features;
using Topology.Hardening.Upgrades;
using Yarp.ReverseProxy.Transforms;

namespace Topology.Edge.Upstreams;

/// <summary>What a gateway owes to the request that it passes on.</summary>
internal static class RequestRules
{
    /// <summary>
    /// An offer to change the protocol is ignored where the route does not speak it (RFC 9110 section 7.8). YARP would pass
    /// it on, to a backend that has nothing of the kind there.
    /// </summary>
    public static Task IgnoreUpgrade(HttpContext context, RequestDelegate next)
    {
        if (context.GetEndpoint()?.Metadata.GetMetadata<WebSocketAttribute>() is null) context.Request.Headers.Remove("Upgrade");
        return next(context);
    }

    /// <summary>
    /// The path keeps its escapes as they came. YARP would send the decoded path with the escapes that a path needs, and so
    /// <c>%3B</c> as <c>;</c>, which is another path (RFC 3986 section 2.2).
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

        // What a route has put in front of the path, such as a site's prefix.
        var prefix = outgoing.AsSpan(0, outgoing.Length - decoded.Length);
        transform.ProxyRequest.RequestUri = new Uri(
            $"{transform.DestinationPrefix.TrimEnd('/')}{prefix}{path}{transform.Query.QueryString}",
                new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });
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
