using System.Diagnostics;
using System.Diagnostics.Metrics;
using Microsoft.AspNetCore.Http.Features;
using Yarp.ReverseProxy.Forwarder;
using Yarp.ReverseProxy.Model;

namespace Topology.Edge.Upstreams;

/// <summary>
/// Retries a request on another replica if the retry cannot repeat an effect. There are three cases. In the first, the connection
/// could not be opened, so nothing was sent (as nginx's <c>proxy_next_upstream error</c> and HAProxy's <c>retry-on
/// conn-failure</c>). In the others, the connection closed before a response, and the request has a safe method (RFC 9110,
/// section 9.2.1) and no body, or the key by which the service recognizes a repeated request. Timeouts are not retried: the
/// replica may still be processing the request.
/// </summary>
/// <remarks>
/// If no replica is available, a safe or keyed request waits for one, see <see cref="ReplicaWait"/>. All retries together are
/// within <see cref="RetryBudget"/>. Each one is an event of the request's span and counts in <c>topology.retries</c>.
/// </remarks>
internal sealed class RetryElsewhere(
    RequestDelegate next, RetryBudget budget, ReplicaWait wait, TimeProvider time, IMeterFactory meters)
{
    /// <summary>Replicas that may receive the request. One that closes the connection may have failed because of this request.</summary>
    private const int MostReceivers = 2;

    private readonly Counter<long> _retries = meters.Create(nameof(Topology)).CreateCounter<long>(
        "topology.retries", "{request}", "Requests that the edge sent again; the tag gives the reason.");

    public async Task InvokeAsync(HttpContext context)
    {
        var isKeyed = context.GetEndpoint()?.Metadata.GetMetadata<RepeatKey>() is { } key
            && context.Request.Headers.ContainsKey(key.Header);
        // Kept for the next attempt; not in a file.
        if (isKeyed) context.Request.EnableBuffering(RepeatKey.LargestBody);
        budget.Count();
        await next(context);
        if (context.GetForwarderErrorFeature() is not null) await RetryAsync(context, isKeyed);
    }

    private async Task RetryAsync(HttpContext context, bool isKeyed)
    {
        var since = time.GetTimestamp();
        var isRepeatable = isKeyed || IsSafeWithoutBody(context);
        var failed = new List<DestinationState>();
        var receivers = 0;
        while (context.GetForwarderErrorFeature() is { } failure && CanBeSentAgain(context, failure, isKeyed, isRepeatable))
        {
            var wasReceived = failure.Error != ForwarderError.NoAvailableDestinations && !UnreachableReplicas.WasNeverConnected(failure);
            if (wasReceived && ++receivers == MostReceivers) return;

            var cluster = context.GetRouteModel().Cluster!;
            if (context.GetReverseProxyFeature().ProxiedDestination is { } last) failed.Add(last);
            IReadOnlyList<DestinationState> others = [.. cluster.DestinationsState.AvailableDestinations.Except(failed)];
            if (others.Count == 0)
            {
                if (!isRepeatable || IsInvalidResponse(failure)) return;
                if (!await wait.ForReplicaAsync(cluster, since, context.RequestAborted)) return;
                failed.Clear();
                others = cluster.DestinationsState.AvailableDestinations;
            }

            if (failure.Error != ForwarderError.NoAvailableDestinations && !budget.TryTake()) return;
            await AgainAsync(context, cluster, others, failure, isKeyed);
        }
    }

    private async Task AgainAsync(
        HttpContext context, ClusterState cluster, IReadOnlyList<DestinationState> others, IForwarderErrorFeature failure, bool isKeyed)
    {
        var reason = failure.Error == ForwarderError.NoAvailableDestinations ? "no replica"
            : UnreachableReplicas.WasNeverConnected(failure) ? "not connected" : "no response";
        _retries.Add(1, new KeyValuePair<string, object?>("topology.reason", reason));
        Activity.Current?.AddEvent(new("retry", tags: new() { ["topology.reason"] = reason }));

        if (isKeyed) context.Request.Body.Position = 0;
        context.Response.StatusCode = StatusCodes.Status200OK;
        context.Features.Set<IForwarderErrorFeature>(null);
        context.ReassignProxyRequest(cluster);
        context.GetReverseProxyFeature().AvailableDestinations = others;
        await next(context);
    }

    private static bool CanBeSentAgain(HttpContext context, IForwarderErrorFeature failure, bool isKeyed, bool isRepeatable) =>
        !context.Response.HasStarted && !context.RequestAborted.IsCancellationRequested && failure.Error switch
        {
            ForwarderError.Request => isRepeatable || UnreachableReplicas.WasNeverConnected(failure),
            ForwarderError.NoAvailableDestinations => isRepeatable,
            ForwarderError.RequestBodyDestination => isKeyed,
            _ => false,
        };

    /// <summary>The replica is alive, so there is nothing to wait for.</summary>
    private static bool IsInvalidResponse(IForwarderErrorFeature failure) =>
        failure.Exception is HttpRequestException
        {
            HttpRequestError: HttpRequestError.InvalidResponse or HttpRequestError.HttpProtocolError
                or HttpRequestError.ConfigurationLimitExceeded,
        };

    private static bool IsSafeWithoutBody(HttpContext context) =>
        (HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method)
            || HttpMethods.IsOptions(context.Request.Method))
        && context.Features.Get<IHttpRequestBodyDetectionFeature>() is not { CanHaveBody: true };
}
