using Topology.Hardening.Refusals;
using Yarp.ReverseProxy.Forwarder;

namespace Topology.Edge.Errors;

/// <summary>
/// Turns forwarding errors (502, 503, 504; 400, 408 and 413 for an incomplete request body) into problem details with the trace
/// id. Responses from backends, including errors, pass unchanged.
/// </summary>
internal sealed class ForwarderProblems(RequestDelegate next, IProblemDetailsService problems)
{
    public async Task InvokeAsync(HttpContext context)
    {
        await next(context);
        // After a cancellation, either nobody waits for the response, or the route's timeout has passed and its middleware responds.
        if (context.GetForwarderErrorFeature() is not { Error: var error and not ForwarderError.RequestCanceled }
            || context.Response.HasStarted)
        {
            return;
        }

        context.CloseAfterUnreadBody();
        // A replica that restarts needs a moment. Clients that wait a little do not add to its load.
        if (error == ForwarderError.NoAvailableDestinations) context.Response.Headers.RetryAfter = "1";
        await problems.TryWriteAsync(new()
        {
            HttpContext = context,
            ProblemDetails = {
                Status = context.Response.StatusCode,
                Detail = (error, context.Response.StatusCode) switch
                {
                    (_, StatusCodes.Status413PayloadTooLarge) => "The request body is larger than this route allows.",
                    (_, StatusCodes.Status408RequestTimeout) => "The request body arrived too slowly.",
                    (ForwarderError.RequestBodyClient, _) => "The request body ended prematurely.",
                    (ForwarderError.NoAvailableDestinations, _) => "No replica of the service is available.",
                    (ForwarderError.RequestTimedOut, _) => "The service did not respond in time.",
                    _ => "The service is unreachable or its response was incomplete or invalid.",
                },
            },
        });
    }
}
