using Microsoft.AspNetCore.Http.Features;
using Yarp.ReverseProxy.Forwarder;
using Yarp.ReverseProxy.Model;

namespace Topology.Edge.Upstreams;

/// <summary>
/// Retries a request once on another replica if the retry cannot repeat an effect. There are two cases. In the first, the
/// connection could not be opened, so nothing was sent (as nginx's <c>proxy_next_upstream error</c> and HAProxy's <c>retry-on
/// conn-failure</c>). In the second, the connection closed before a response, and the request has a safe method (RFC 9110,
/// section 9.2.1) and no body. Timeouts are not retried: the replica may still be processing the request.
/// </summary>
internal sealed class RetryElsewhere(RequestDelegate next)
{
    public async Task InvokeAsync(HttpContext context)
    {
        await next(context);
        if (context.GetForwarderErrorFeature() is not { } failure || !CanBeSentAgain(context, failure)) return;

        var failed = context.GetReverseProxyFeature().ProxiedDestination;
        var cluster = context.GetRouteModel().Cluster!;
        var others = cluster.DestinationsState.AvailableDestinations.Where(destination => destination != failed).ToArray();
        if (others.Length == 0) return;

        context.Response.StatusCode = StatusCodes.Status200OK;
        context.Features.Set<IForwarderErrorFeature>(null);
        context.ReassignProxyRequest(cluster);
        context.GetReverseProxyFeature().AvailableDestinations = others;
        await next(context);
    }

    private static bool CanBeSentAgain(HttpContext context, IForwarderErrorFeature failure) =>
        failure.Error == ForwarderError.Request && !context.Response.HasStarted && !context.RequestAborted.IsCancellationRequested
        && (UnreachableReplicas.WasNeverConnected(failure) || IsSafeWithoutBody(context));

    private static bool IsSafeWithoutBody(HttpContext context) =>
        (HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method))
        && context.Features.Get<IHttpRequestBodyDetectionFeature>() is not { CanHaveBody: true };
}
