using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;
using Topology.Hardening.Listeners;

namespace Topology.Hardening.Limits;

/// <summary>
/// Watches responses to public clients and counts aborted requests. Runs before all other middleware that responds, because even a refusal
/// can wait for a slow client.
/// </summary>
internal sealed class AnswerWatch(RequestDelegate next, AnswerBacklog backlog, IOptions<PublicLimits> limits)
{
    private readonly PublicLimits _limits = limits.Value;

    public Task InvokeAsync(HttpContext context) => context.GetListener().IsPublic ? WatchAsync(context) : next(context);

    private async Task WatchAsync(HttpContext context)
    {
        var answer = WatchedAnswer.Attach(context, backlog, _limits);
        try
        {
            await next(context);
        }
        finally
        {
            answer.End();
            if (context.RequestAborted.IsCancellationRequested) context.Features.Get<ConnectionResets>()?.Count();
        }
    }
}
