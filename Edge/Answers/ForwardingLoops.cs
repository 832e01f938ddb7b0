using Yarp.ReverseProxy.Transforms;

namespace Topology.Edge.Answers;

/// <summary>
/// RFC 9110 section 7.6.3: each gateway names itself in <c>Via</c>, and sees by it that a request has come back. The name is
/// this process's own, so that another edge of the same kind is not taken for a loop.
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
