using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Topology.Hardening.Limits;

/// <summary>
/// Handles a body of unknown length on a route that accepts none. Only the end of the body shows whether it is empty, so the request waits
/// for the end. A non-empty body is refused here and never reaches a backend.
/// </summary>
internal sealed class EmptyBody : IHttpRequestBodyDetectionFeature
{
    /// <summary>
    /// The bytes allowed for the framing of chunks, with extensions and trailers. Kestrel counts them as part of the body.
    /// </summary>
    private const long Framing = 4 * 1024;

    private static readonly EmptyBody Instance = new();

    public bool CanHaveBody => false;

    public static async Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit) limit.MaxRequestBodySize = Framing;
        var body = context.Request.BodyReader;
        var read = await body.ReadAsync(context.RequestAborted);
        var isEmpty = read.Buffer.IsEmpty && read.IsCompleted;
        body.AdvanceTo(read.Buffer.End);
        if (!isEmpty) throw new BadHttpRequestException("This route accepts no request body.", StatusCodes.Status413PayloadTooLarge);

        context.Features.Set<IHttpRequestBodyDetectionFeature>(Instance);
        await next(context);
    }
}
