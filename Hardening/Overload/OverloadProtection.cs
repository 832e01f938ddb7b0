using System.Globalization;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Timeouts;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Topology.Hardening.Limits;
using Topology.Hardening.Listeners;
using Topology.Hardening.Refusals;

namespace Topology.Hardening.Overload;

/// <summary>
/// Protects against overload: a token bucket per client (429), a limit on requests in progress with a short queue (503), and a timeout per
/// request (504).
/// </summary>
internal static class OverloadProtection
{
    // The Retry-After when the queue is full. It is short, because a place becomes free whenever a request ends.
    private static readonly TimeSpan RetryAfterQueue = TimeSpan.FromSeconds(1);

    public static void AddOverloadProtection(this IServiceCollection services)
    {
        services.AddRateLimiter(_ => { });
        services.AddOptions<RateLimiterOptions>().Configure<IOptions<PublicLimits>, UncountedClients>((options, limits, uncounted) =>
        {
            options.GlobalLimiter =
                PartitionedRateLimiter.CreateChained(RateLimits.ByClient(limits.Value, uncounted), InProgress(limits.Value));
            options.OnRejected = RefuseAsync;
        });

        services.AddRequestTimeouts();
        services.AddOptions<RequestTimeoutOptions>().Configure<IOptions<PublicLimits>>((options, limits) =>
            options.DefaultPolicy = RouteLimitsExtensions.TimeoutPolicy(limits.Value.RequestTimeout));
    }

    /// <summary>Applies the limits of each route. Call it after routing.</summary>
    public static void UseOverloadProtection(this IApplicationBuilder app)
    {
        app.UseMiddleware<StreamLimits>();
        app.UseRateLimiter();
        app.UseRequestTimeouts();
        app.UseMiddleware<RouteLimitsMiddleware>();
    }

    private static PartitionedRateLimiter<HttpContext> InProgress(PublicLimits limits)
    {
        var places = new ConcurrencyLimiterOptions
        {
            PermitLimit = limits.ConcurrentRequests,
            QueueLimit = limits.QueuedRequests,
            QueueProcessingOrder = QueueProcessingOrder.OldestFirst,
        };
        return PartitionedRateLimiter.Create<HttpContext, bool>(context =>
            !context.GetListener().IsPublic || context.GetRouteLimits() is { IsStream: true }
                ? RateLimitPartition.GetNoLimiter(false)
                : RateLimitPartition.GetConcurrencyLimiter(true, _ => places));
    }

    private static async ValueTask RefuseAsync(OnRejectedContext rejected, CancellationToken cancellationToken)
    {
        // Only the client's token bucket says when to retry. Without that value, the limit on requests in progress refused the request.
        var isClients = rejected.Lease.TryGetMetadata(MetadataName.RetryAfter, out var retryAfter);
        var status = isClients ? StatusCodes.Status429TooManyRequests : StatusCodes.Status503ServiceUnavailable;
        rejected.HttpContext.Response.Headers.RetryAfter =
            Math.Ceiling((isClients ? retryAfter : RetryAfterQueue).TotalSeconds).ToString(CultureInfo.InvariantCulture);
        await rejected.HttpContext.RequestServices.GetRequiredService<RequestRefusals>().AnswerAsync(
            rejected.HttpContext, status, isClients ? "rate" : "overload",
            isClients ? "You sent too many requests." : "This service has too many requests in progress.");
    }
}
