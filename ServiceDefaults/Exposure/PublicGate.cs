using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Topology.ServiceDefaults.Exposure.Hosts;
using Topology.ServiceDefaults.Exposure.Strictness;
using Topology.ServiceDefaults.Exposure.Surface;
using Topology.ServiceDefaults.Listeners;

namespace Topology.ServiceDefaults.Exposure;

/// <summary>
/// The first thing that a request on a public listener meets, before routing: it is asked for a name that is served, in
/// a way that reads in one way, with a method that may come from outside, and what it says about proxies is dropped.
/// </summary>
internal sealed class PublicGate(RequestDelegate next, AllowedHosts hosts, IProblemDetailsService problems)
{
    public Task InvokeAsync(HttpContext context)
    {
        if (!context.GetListener().IsPublic) return next(context);

        var request = context.Request;
        if (!hosts.Contains(request.Host.Value)) return Refuse(context, StatusCodes.Status400BadRequest, "This host is not served here.");
        if (!UnambiguousPath.IsMetBy(context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget))
        {
            return Refuse(context, StatusCodes.Status400BadRequest, "The path can be read in more than one way; send it without escapes of / \\ % or controls, empty or dot segments.");
        }

        if (HttpMethods.IsTrace(request.Method)) return Refuse(context, StatusCodes.Status501NotImplemented, "TRACE is not implemented.");
        if (HttpMethods.IsConnect(request.Method) && context.Features.Get<IHttpExtendedConnectFeature>() is not { IsExtendedConnect: true })
        {
            return Refuse(context, StatusCodes.Status400BadRequest, "Nothing here is a tunnel.");
        }

        if (HttpMethods.IsOptions(request.Method) && !request.Path.HasValue)
        {
            // OPTIONS *, RFC 9110 section 9.3.7: about the server, which has nothing to say but that it is there.
            context.Response.StatusCode = StatusCodes.Status204NoContent;
            return Task.CompletedTask;
        }

        ForwardedHeaderNames.Remove(request.Headers);
        NoticedUpgrade.Attach(context);
        return next(context);
    }

    private async Task Refuse(HttpContext context, int status, string detail)
    {
        context.Response.StatusCode = status;
        await problems.TryWriteAsync(new() { HttpContext = context, ProblemDetails = { Status = status, Detail = detail } });
    }
}
