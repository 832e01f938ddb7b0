using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Microsoft.Extensions.Options;
using Topology.ServiceDefaults.Paths;

namespace Topology.ServiceDefaults.Exposure.Limits;

/// <summary>Applies what a route's limits say about the body, once routing has found the route.</summary>
internal sealed class RouteLimitsMiddleware(RequestDelegate next, IOptions<ExposureLimits> limits)
{
    private readonly ExposureLimits _limits = limits.Value;

    public Task InvokeAsync(HttpContext context)
    {
        if (context.GetRouteLimits(_limits) is not { } route) return next(context);

        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } body) body.MaxRequestBodySize = route.BodyBytes;
        // The length is known before a byte of the body is: what is too long is refused here, and a backend never hears of it.
        if (context.Request.ContentLength > route.BodyBytes)
        {
            throw new BadHttpRequestException($"The body is larger than {route.BodyBytes} bytes.", StatusCodes.Status413PayloadTooLarge);
        }

        if (context.Request.ContentLength is null && context.Features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: true })
        {
            if (route.BodyBytes == 0) return EmptyBody.InvokeAsync(context, next);
            context.Features.Set<IRequestBodyPipeFeature>(new BodyReader(context.Request.BodyReader));
        }

        if (route.IsIdle)
        {
            if (context.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } requestRate) requestRate.MinDataRate = null;
            if (context.Features.Get<IHttpMinResponseDataRateFeature>() is { } responseRate) responseRate.MinDataRate = null;
        }

        return next(context);
    }
}

internal static class RouteLimitsExtensions
{
    /// <summary>The limits of the request's route, or null where it has none of its own.</summary>
    public static RouteLimits? GetRouteLimits(this HttpContext context, ExposureLimits limits) =>
        context.GetEndpoint()?.Metadata.GetMetadata<WorkloadAttribute>() is { Name: var workload }
            ? limits.Routes.TryGetValue(workload, out var route) ? route : null
            : null;
}
