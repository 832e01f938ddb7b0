using System.Collections.Concurrent;
using Yarp.ReverseProxy.Transforms;

namespace Topology.Edge.Answers;

/// <summary>
/// RFC 9110 section 7.6.3: each gateway adds its name to <c>Via</c>, and detects a loop when it sees that name again. The name
/// is unique per process, so that chained edges are not mistaken for a loop.
/// </summary>
internal sealed class ForwardingLoops(IProblemDetailsService problems)
{
    private readonly string _name = $"edge-{Guid.NewGuid().ToString("N")[..8]}";
    private readonly ConcurrentDictionary<string, string> _ownFields = new(StringComparer.Ordinal); // One per HTTP version.

    public ValueTask AddViaAsync(RequestTransformContext transform)
    {
        var own = _ownFields.GetOrAdd(transform.HttpContext.Request.Protocol, Field);
        var via = transform.HttpContext.Request.Headers.Via;
        var headers = transform.ProxyRequest.Headers;
        if (via.Count > 0)
        {
            headers.Remove("Via");
            headers.TryAddWithoutValidation("Via", via.OfType<string>());
        }

        headers.TryAddWithoutValidation("Via", own);
        return ValueTask.CompletedTask;
    }

    public Task RefuseAsync(HttpContext context, RequestDelegate next)
    {
        var via = context.Request.Headers.Via;
        return via.Count > 0 && via.Any(value => value!.Contains(_name, StringComparison.Ordinal)) ? RefuseAsync(context) : next(context);
    }

    private async Task RefuseAsync(HttpContext context)
    {
        context.Response.StatusCode = StatusCodes.Status508LoopDetected;
        await problems.TryWriteAsync(new()
        {
            HttpContext = context,
            ProblemDetails =
            {
                Status = StatusCodes.Status508LoopDetected, Detail = "This request came back to the edge that had forwarded it.",
            },
        });
    }

    private string Field(string protocol) => $"{protocol.AsSpan(protocol.IndexOf('/', StringComparison.Ordinal) + 1)} {_name}";
}
