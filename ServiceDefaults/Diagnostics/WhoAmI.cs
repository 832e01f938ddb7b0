using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Topology.Hardening.Certificates;
using Topology.Hardening.Forwarding;
using Topology.Hardening.Listeners;
using Topology.ServiceDefaults.Paths;

namespace Topology.ServiceDefaults.Diagnostics;

/// <summary>The response of <c>/whoami</c>: a request as the service sees it.</summary>
/// <param name="Instance">The resource that responded.</param>
/// <param name="Process">The process id; replicas may share a resource name.</param>
/// <param name="Method">The request's method.</param>
/// <param name="Scheme">The scheme that the service uses in links.</param>
/// <param name="Host">The host that the service uses in links.</param>
/// <param name="PathBase">The base path.</param>
/// <param name="Path">The path.</param>
/// <param name="Protocol">The HTTP version of the last hop.</param>
/// <param name="RemoteAddress">The client's address as the service sees it.</param>
/// <param name="Listener">The listener that accepted the connection.</param>
/// <param name="TopologyPath">The name of the path that the request took, such as <c>edge</c>, as its proxy says, or null.</param>
/// <param name="ForwardedHeaders">The forwarded headers as received, trusted or not.</param>
public sealed record WhoAmIResponse(
    string Instance,
    int Process,
    string Method,
    string Scheme,
    string Host,
    string PathBase,
    string Path,
    string Protocol,
    string? RemoteAddress,
    string Listener,
    string? TopologyPath,
    IReadOnlyDictionary<string, string> ForwardedHeaders);

/// <summary>Maps <c>/whoami</c>.</summary>
public static class WhoAmIExtensions
{
    internal const string Suffix = "/whoami";

    /// <summary>
    /// Maps <c>GET {prefix}/whoami</c>, in Development or if <c>Topology:WhoAmI</c> is true, because it reveals internal
    /// details.
    /// </summary>
    public static void MapWhoAmI(this IEndpointRouteBuilder endpoints, string prefix)
    {
        var services = endpoints.ServiceProvider;
        var isOn = services.GetRequiredService<IOptions<TopologyOptions>>().Value.WhoAmI
            ?? services.GetRequiredService<IHostEnvironment>().IsDevelopment();
        if (!isOn) return;
        endpoints.MapMethods(
            prefix + Suffix, [HttpMethods.Get, HttpMethods.Head], (HttpContext context, ServiceIdentity identity) => new WhoAmIResponse(
            identity.Instance,
            Environment.ProcessId,
            context.Request.Method,
            context.Request.Scheme,
            context.Request.Host.Value ?? "",
            context.Request.PathBase.Value ?? "",
            context.Request.Path.Value ?? "",
            context.Request.Protocol,
            context.Connection.RemoteIpAddress?.ToString(),
            context.GetListener().Name,
            context.GetTopologyPath(),
            context.Features.Get<ReceivedForwardedHeaders>()?.Headers ?? new Dictionary<string, string>()));
    }
}

internal sealed record ReceivedForwardedHeaders(IReadOnlyDictionary<string, string> Headers);

/// <summary>
/// Saves the forwarded headers of <c>/whoami</c> requests as received. Runs first, because later middleware consumes trusted
/// headers and removes untrusted ones.
/// </summary>
internal sealed class ReceivedForwardedHeadersFilter : IStartupFilter
{
    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        app.Use((context, rest) =>
        {
            if (context.Request.Path.Value is { } path && path.EndsWith(WhoAmIExtensions.Suffix, StringComparison.Ordinal))
            {
                context.Features.Set(new ReceivedForwardedHeaders(UntrustedHeaders.All.Append(TopologyPath.Header)
                    .Where(context.Request.Headers.ContainsKey)
                    .ToDictionary(name => name, name => context.Request.Headers[name].ToString())));
            }

            return rest(context);
        });
        next(app);
    };
}
