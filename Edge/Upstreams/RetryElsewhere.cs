using Microsoft.AspNetCore.Http.Features;
using Yarp.ReverseProxy.Forwarder;
using Yarp.ReverseProxy.Model;

namespace Topology.Edge.Upstreams;

/// <summary>
/// Retries a request once on another replica if the retry cannot repeat an effect. There are three cases. In the first, the
/// connection could not be opened, so nothing was sent (as nginx's <c>proxy_next_upstream error</c> and HAProxy's <c>retry-on
/// conn-failure</c>). In the others, the connection closed before a response, and the request has a safe method (RFC 9110,
/// section 9.2.1) and no body, or the key by which the service recognizes a repeated request. Timeouts are not retried: the
/// replica may still be processing the request.
/// </summary>
internal sealed class RetryElsewhere(RequestDelegate next)
{
    public async Task InvokeAsync(HttpContext context)
    {
        var isKeyed = context.GetEndpoint()?.Metadata.GetMetadata<RepeatKey>() is { } key
            && context.Request.Headers.ContainsKey(key.Header);
        // Kept for the second attempt; not in a file.
        if (isKeyed) context.Request.EnableBuffering(RepeatKey.LargestBody);
        await next(context);
        if (context.GetForwarderErrorFeature() is not { } failure || !CanBeSentAgain(context, failure, isKeyed)) return;

        var failed = context.GetReverseProxyFeature().ProxiedDestination;
        var cluster = context.GetRouteModel().Cluster!;
        var others = cluster.DestinationsState.AvailableDestinations.Where(destination => destination != failed).ToArray();
        if (others.Length == 0) return;

        if (isKeyed) context.Request.Body.Position = 0;
        context.Response.StatusCode = StatusCodes.Status200OK;
        context.Features.Set<IForwarderErrorFeature>(null);
        context.ReassignProxyRequest(cluster);
        context.GetReverseProxyFeature().AvailableDestinations = others;
        await next(context);
    }

    private static bool CanBeSentAgain(HttpContext context, IForwarderErrorFeature failure, bool isKeyed) =>
        !context.Response.HasStarted && !context.RequestAborted.IsCancellationRequested
        && (failure.Error == ForwarderError.Request
            ? isKeyed || UnreachableReplicas.WasNeverConnected(failure) || IsSafeWithoutBody(context)
            : isKeyed && failure.Error == ForwarderError.RequestBodyDestination);

    private static bool IsSafeWithoutBody(HttpContext context) =>
        (HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method))
        && context.Features.Get<IHttpRequestBodyDetectionFeature>() is not { CanHaveBody: true };
}

/// <summary>The service recognizes a repeated request by this header, and then does nothing twice.</summary>
internal sealed record RepeatKey(string Header)
{
    /// <summary>Such a request's body stays in memory until the response, so the route's limit may not be higher.</summary>
    public const int LargestBody = 64 * 1024;
}
