using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Timeouts;
using Microsoft.Extensions.Options;
using Topology.Hardening.Limits;
using Topology.Hardening.Listeners;
using Topology.Hardening.Refusals;

namespace Topology.Hardening.Overload;

/// <summary>
/// Protects against overload: a token bucket per client (429), a limit on requests in progress with a short queue (503), and a timeout per
/// request (504).
/// </summary>
/// <remarks>
/// One middleware does the work of the framework's rate limiter and request timeouts. Together these cost every request two more
/// asynchronous calls and about 700 allocated bytes.
/// </remarks>
internal sealed class OverloadProtection(
    RequestDelegate next, RateLimits rates, IOptions<PublicLimits> limits, RequestRefusals refusals, IProblemDetailsService problems)
    : IDisposable
{
    // The Retry-After when the queue is full. It is short, because a place becomes free whenever a request ends.
    private static readonly TimeSpan RetryAfterQueue = TimeSpan.FromSeconds(1);

    private readonly TimeSpan _timeout = limits.Value.RequestTimeout;
    private readonly ConcurrencyLimiter _places = new(new()
    {
        PermitLimit = limits.Value.ConcurrentRequests,
        QueueLimit = limits.Value.QueuedRequests,
        QueueProcessingOrder = QueueProcessingOrder.OldestFirst,
    });

    public Task InvokeAsync(HttpContext context)
    {
        var route = context.GetRouteLimits();
        var isStream = route is { IsStream: true };
        var timeout = route?.Timeout ?? OwnTimeout(context) ?? _timeout;
        if (context.GetListener().IsPublic)
        {
            if (!rates.TryTake(context.Connection.RemoteIpAddress, out var retryAfter))
            {
                return RefuseAsync(context, StatusCodes.Status429TooManyRequests, retryAfter, "rate", "You sent too many requests.");
            }

            if (!isStream)
            {
                var place = _places.AttemptAcquire();
                return place.IsAcquired ? RunAsync(context, place, timeout) : QueueAsync(context, timeout);
            }
        }

        return isStream ? next(context) : RunAsync(context, place: null, timeout);
    }

    public void Dispose() => _places.Dispose();

    /// <summary>
    /// The timeout that the application sets with <c>WithRequestTimeout</c> or an attribute; infinite if it switches the timeout off.
    /// </summary>
    private static TimeSpan? OwnTimeout(HttpContext context) => context.GetEndpoint()?.Metadata switch
    {
        null => null,
        var metadata when metadata.GetMetadata<DisableRequestTimeoutAttribute>() is not null => Timeout.InfiniteTimeSpan,
        var metadata => metadata.GetMetadata<RequestTimeoutAttribute>()?.Timeout ?? metadata.GetMetadata<RequestTimeoutPolicy>()?.Timeout,
    };

    private async Task QueueAsync(HttpContext context, TimeSpan timeout)
    {
        RateLimitLease place;
        try
        {
            place = await _places.AcquireAsync(cancellationToken: context.RequestAborted);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            return; // Nobody waits for the response.
        }

        await (place.IsAcquired ? RunAsync(context, place, timeout) : RefuseAsync(
            context, StatusCodes.Status503ServiceUnavailable, RetryAfterQueue, "overload",
            "This service has too many requests in progress."));
    }

    /// <summary>
    /// Cancels the request's token after the timeout. The source is not pooled: an application may still hold the token of a request that
    /// has ended.
    /// </summary>
    private async Task RunAsync(HttpContext context, RateLimitLease? place, TimeSpan timeout)
    {
        var aborted = context.RequestAborted;
        using var source = CancellationTokenSource.CreateLinkedTokenSource(aborted);
        if (!Debugger.IsAttached) source.CancelAfter(timeout);
        context.RequestAborted = source.Token;
        try
        {
            await next(context);
        }
        catch (OperationCanceledException) when (HasTimedOut())
        {
        }
        finally
        {
            context.RequestAborted = aborted;
            place?.Dispose();
        }

        // A forwarder does not throw when its request is cancelled.
        if (HasTimedOut()) await TimedOutAsync(context);

        bool HasTimedOut() => source.IsCancellationRequested && !aborted.IsCancellationRequested && !context.Response.HasStarted;
    }

    private async Task TimedOutAsync(HttpContext context)
    {
        const int Status = StatusCodes.Status504GatewayTimeout;
        context.Response.Clear();
        context.Response.StatusCode = Status;
        await problems.TryWriteAsync(new()
        {
            HttpContext = context,
            ProblemDetails = { Status = Status, Detail = "The request took longer than this route allows." },
        });
    }

    private Task RefuseAsync(HttpContext context, int status, TimeSpan retryAfter, string reason, string detail)
    {
        context.Response.Headers.RetryAfter = Math.Ceiling(retryAfter.TotalSeconds).ToString(CultureInfo.InvariantCulture);
        return refusals.AnswerAsync(context, status, reason, detail);
    }
}
