using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Topology.Hardening.Refusals;

namespace Topology.ServiceDefaults.Problems;

/// <summary>Errors as RFC 9457 problem details.</summary>
public static class ProblemExtensions
{
    /// <summary>
    /// Returns problem details for exceptions and for error statuses without a body. It handles exceptions before the developer exception
    /// page does, so errors look the same in every environment and reveal no code.
    /// </summary>
    public static WebApplication UseProblems(this WebApplication app)
    {
        app.UseExceptionHandler();
        // An endpoint that writes its own problem details does not pay for the pages.
        app.UseWhen(
            context => context.GetEndpoint()?.Metadata.GetMetadata<ISkipStatusCodePagesMetadata>() is null,
            pages => pages.UseStatusCodePages());
        return app;
    }

    /// <summary>Adds the trace id to problem details. Client errors never become 500.</summary>
    internal static IServiceCollection AddProblems(this IServiceCollection services)
    {
        services.Configure<RouteHandlerOptions>(options => options.ThrowOnBadRequest = true);
        services.Configure<ExceptionHandlerOptions>(options =>
        {
            options.StatusCodeSelector = exception =>
                exception is BadHttpRequestException bad ? bad.StatusCode : StatusCodes.Status500InternalServerError;
            options.SuppressDiagnosticsCallback = context => context.Exception is BadHttpRequestException;
        });
        return services.AddProblemDetails(options => options.CustomizeProblemDetails = context =>
        {
            context.ProblemDetails.Type ??= "about:blank"; // RFC 9457 section 4.2.1: nothing beyond the status.
            if ((context.Exception
                ?? context.HttpContext.Features.Get<IExceptionHandlerFeature>()?.Error) is not BadHttpRequestException bad)
            {
                return;
            }
            context.ProblemDetails.Detail = bad.Message;
            context.HttpContext.NoteUnreadBody(bad);
            if (bad.InnerException is JsonException { Path: { Length: > 0 } path } json)
            {
                context.ProblemDetails.Extensions["errors"] = new Dictionary<string, string[]>
                {
                    [path.TrimStart('$').TrimStart('.')] = [json.InnerException?.Message ?? json.Message],
                };
            }
        });
    }
}
