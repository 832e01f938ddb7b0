using Microsoft.AspNetCore.Http.Features;
using Yarp.ReverseProxy.Forwarder;
using Yarp.ReverseProxy.Model;

namespace Topology.Edge.Upstreams;

/// <summary>
/// Sends a request that one replica did not take to another, once, where that cannot do anything twice: any request whose
/// connection could not be opened, because nothing of it was sent (nginx's <c>proxy_next_upstream error</c> and
/// HAProxy's <c>retry-on conn-failure</c> do so); and one of a safe method without a body (RFC 9110, section 9.2.1)
/// that was broken off before an answer. What timed out is not sent again: the replica may still be working at it.
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
