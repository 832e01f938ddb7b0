using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Options;
using Topology.Hardening.Listeners;

namespace Topology.Hardening.Limits;

/// <summary>
/// Limits long-lived streams: events, WebSockets over every HTTP version, gRPC, downloads and uploads. Each ends at a maximum age. Their
/// number is limited per client (429) and in total (503).
/// </summary>
internal sealed class StreamLimits(
    RequestDelegate next, IOptions<PublicLimits> limits, OpenStreams open, UncountedClients uncounted, AnswerBacklog backlog,
        TimeProvider time, IProblemDetailsService problems)
{
    private readonly PublicLimits _limits = limits.Value;
    private readonly ClientCounts _clients = new();

    public Task InvokeAsync(HttpContext context)
    {
        if (!context.GetListener().IsPublic) return next(context);
        var isWebSocket = IsWebSocket(context);
        return isWebSocket || context.GetRouteLimits() is { IsStream: true } ? CountAsync(context, isWebSocket) : next(context);
    }

    private async Task CountAsync(HttpContext context, bool isWebSocket)
    {
        var address = context.Connection.RemoteIpAddress;
        var client = ClientNetwork.Of(address);
        var isCounted = !uncounted.Contains(address);
        if (isCounted && !_clients.TryEnter(client, _limits.StreamsPerClient))
        {
            await RefuseAsync(context, StatusCodes.Status429TooManyRequests, "You have too many open streams.");
            return;
        }

        try
        {
            if (backlog.IsCrowded || !open.TryEnter(isWebSocket))
            {
                await RefuseAsync(context, StatusCodes.Status503ServiceUnavailable, "This service has too many open streams.");
                return;
            }

            try
            {
                var answer = context.Features.GetRequiredFeature<WatchedAnswer>();
                // Reserve nothing if the client sends a request body: the response may start much later.
                if (context.Features.Get<IHttpRequestBodyDetectionFeature>() is not { CanHaveBody: true }) answer.Expect();
                using var age = time.CreateTimer(
                    static answer => ((WatchedAnswer)answer!).Abort(), answer, _limits.StreamAge, Timeout.InfiniteTimeSpan);
                await next(context);
            }
            finally
            {
                open.Leave(isWebSocket);
            }
        }
        finally
        {
            if (isCounted) _clients.Leave(client);
        }
    }

    private static bool IsWebSocket(HttpContext context) =>
        (context.Request.Headers.Upgrade.Count > 0 && context.Features.Get<IHttpUpgradeFeature>() is { IsUpgradableRequest: true })
        || context.Features.Get<IHttpExtendedConnectFeature>() is { IsExtendedConnect: true };

    private async Task RefuseAsync(HttpContext context, int status, string detail)
    {
        const int RetryAfter = 5;
        context.Response.StatusCode = status;
        context.Response.Headers.RetryAfter = RetryAfter.ToString(CultureInfo.InvariantCulture);
        await problems.TryWriteAsync(new() { HttpContext = context, ProblemDetails = { Status = status, Detail = detail } });
    }
}

internal sealed class OpenStreams(IOptions<PublicLimits> limits)
{
    private int _all;
    private int _webSockets;

    public int Count => Volatile.Read(ref _all);

    public bool TryEnter(bool isWebSocket)
    {
        var isWithin = Interlocked.Increment(ref _all) <= limits.Value.Streams;
        if (isWebSocket) isWithin &= Interlocked.Increment(ref _webSockets) <= limits.Value.UpgradedConnections;
        if (!isWithin) Leave(isWebSocket);
        return isWithin;
    }

    public void Leave(bool isWebSocket)
    {
        Interlocked.Decrement(ref _all);
        if (isWebSocket) Interlocked.Decrement(ref _webSockets);
    }
}
