using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Topology.ServiceDefaults.Diagnostics;
using Topology.ServiceDefaults.Listeners;
using Topology.ServiceDefaults.Paths;

namespace Topology.ServiceDefaults.Exposure;

/// <summary>
/// Puts in front of a service's own pipeline what every request must pass: who the client is, and by which
/// path it came.
/// </summary>
internal sealed class ExposureStartupFilter : IStartupFilter
{
    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        app.UseReceivedForwardedHeaders();
        app.UseWhen(context => context.GetListener().IsPublic, @public => @public.UseMiddleware<ForwardedHeadersRemoval>());
        app.UseWhen(context => !context.GetListener().IsPublic, @internal => @internal.UseForwardedHeaders());
        app.UseMiddleware<PathTagging>();
        next(app);
    };
}
