using Yarp.ReverseProxy.Transforms;

namespace Topology.Edge.Answers;

/// <summary>
/// RFC 9110 section 7.6.3: each gateway adds its name to <c>Via</c>, and detects a loop when it sees that name again. The name
/// is unique per process, so that chained edges are not mistaken for a loop.
/// </summary>
internal sealed class ForwardingLoops
{
    private readonly string _name = $"edge-{Guid.NewGuid().ToString("N")[..8]}";

    public ValueTask AddViaAsync(RequestTransformContext transform)
    {
        var protocol = transform.HttpContext.Request.Protocol;
        var via = transform.HttpContext.Request.Headers.Via;
        transform.ProxyRequest.Headers.Remove("Via");
        transform.ProxyRequest.Headers.TryAddWithoutValidation(
            "Via", [.. via.OfType<string>(), $"{protocol.AsSpan(protocol.IndexOf('/', StringComparison.Ordinal) + 1)} {_name}"]);
        return ValueTask.CompletedTask;
    }

    public Task RefuseAsync(HttpContext context, RequestDelegate next)
    {
        if (!context.Request.Headers.Via.Any(via => via!.Contains(_name, StringComparison.Ordinal))) return next(context);
        context.Response.StatusCode = StatusCodes.Status508LoopDetected;
        return Task.CompletedTask;
    }
}
