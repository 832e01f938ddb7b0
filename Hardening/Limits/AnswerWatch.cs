using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace Topology.Hardening.Limits;

/// <summary>
/// Watches responses to public clients and counts aborted requests. Runs before all other middleware that responds, because even a refusal
/// can wait for a slow client.
/// </summary>
internal sealed class AnswerWatch(RequestDelegate next, AnswerBacklog backlog, IOptions<PublicLimits> limits)
{
    private readonly PublicLimits _limits = limits.Value;

    public Task InvokeAsync(HttpContext context)
    {
        // Called before the server reuses the context. Unlike a finally block, it makes no asynchronous call of its own.
        context.Response.OnCompleted(
            static answer =>
            {
                ((WatchedAnswer)answer).End();
                return Task.CompletedTask;
            },
            WatchedAnswer.Attach(context, backlog, _limits));
        return next(context);
    }
}
