using Microsoft.AspNetCore.Diagnostics;
using Topology.Hardening.Refusals;
using Yarp.ReverseProxy.Forwarder;

namespace Topology.Edge.Errors;

/// <summary>
/// Answers what could not be forwarded (502, 503, 504; 400, 408 and 413 for a body that breaks off) as problem details
/// with the trace's id. What a backend answered, errors included, passes as it came.
/// </summary>
internal sealed class ForwarderProblems(RequestDelegate next, IProblemDetailsService problems)
{
    public async Task InvokeAsync(HttpContext context)
    {
        if (context.Features.Get<IStatusCodePagesFeature>() is { } pages) pages.Enabled = false;
        await next(context);
        if (context.GetForwarderErrorFeature() is not { Error: var error } || context.Response.HasStarted) return;

        context.CloseAfterUnreadBody();
        await problems.TryWriteAsync(new()
        {
            HttpContext = context,
            ProblemDetails =
            {
                Status = context.Response.StatusCode,
                Detail = (error, context.Response.StatusCode) switch
                {
                    (_, StatusCodes.Status413PayloadTooLarge) => "The body is larger than this route takes.",
                    (_, StatusCodes.Status408RequestTimeout) => "The body came too slowly.",
                    (ForwarderError.RequestBodyClient, _) => "The body could not be read to its end.",
                    (ForwarderError.NoAvailableDestinations, _) => "No replica of the service is available.",
                    (ForwarderError.RequestTimedOut, _) => "The service did not answer in time.",
                    _ => "The service could not be reached or broke off its answer.",
                },
            },
        });
    }
}
