using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Microsoft.Extensions.Options;

namespace Topology.Hardening.Limits;

/// <summary>Applies a route's body limits after routing.</summary>
internal sealed class RouteLimitsMiddleware(RequestDelegate next, IOptions<PublicLimits> limits)
{
    private readonly PublicLimits _limits = limits.Value;

    public Task InvokeAsync(HttpContext context)
    {
        if (context.GetRouteLimits() is not { } route) return next(context);

        long? bodyBytes = route.Kind == RouteKind.Messages ? null : route.BodyBytes ?? _limits.BodyBytes;
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } body) body.MaxRequestBodySize = bodyBytes;
        // An overlong Content-Length is refused here, before a backend sees the request.
        if (context.Request.ContentLength > bodyBytes)
        {
            throw new BadHttpRequestException($"The body is larger than {bodyBytes} bytes.", StatusCodes.Status413PayloadTooLarge);
        }

        if (context.Request.ContentLength is null && context.Features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: true })
        {
            if (bodyBytes == 0) return EmptyBody.InvokeAsync(context, next);
            context.Features.Set<IRequestBodyPipeFeature>(new BodyReader(context.Request.BodyReader));
        }

        if (route.Kind == RouteKind.Messages)
        {
            if (context.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } requestRate) requestRate.MinDataRate = null;
            if (context.Features.Get<IHttpMinResponseDataRateFeature>() is { } responseRate) responseRate.MinDataRate = null;
        }

        return next(context);
    }
}
