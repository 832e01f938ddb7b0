using Microsoft.AspNetCore.Http.Features;
using Yarp.ReverseProxy.Forwarder;
using Yarp.ReverseProxy.Model;

namespace Topology.Edge.Upstreams;

/// <summary>
/// Retries a request once on another replica if that cannot repeat an effect. This covers any request whose connection could
/// not be opened, because nothing was sent (as nginx's <c>proxy_next_upstream error</c> and HAProxy's <c>retry-on
/// conn-failure</c>), and a request with a safe method (RFC 9110, section 9.2.1) and no body whose connection closed before a
/// response. Timeouts are not retried: the replica may still be processing the request.
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
