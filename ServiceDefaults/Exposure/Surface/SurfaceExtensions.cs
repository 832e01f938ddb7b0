using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.HttpsPolicy;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Topology.ServiceDefaults.Listeners;

namespace Topology.ServiceDefaults.Exposure.Surface;

/// <summary>What the public gets to see besides the answers themselves.</summary>
internal static class SurfaceExtensions
{
    private static readonly TimeSpan Year = TimeSpan.FromDays(365);

    public static void AddPublicSurface(this IServiceCollection services)
    {
        services.AddOptions<HttpsRedirectionOptions>().Configure<IOptions<TopologyOptions>, IConfiguration>((redirection, topology, configuration) =>
        {
            redirection.RedirectStatusCode = StatusCodes.Status308PermanentRedirect;
            redirection.HttpsPort = topology.Value.Https.Port ?? KestrelListeners.Read(configuration).FirstOrDefault(entry => entry.Listener == Listener.Https).Port;
        });
    }

    /// <summary>
    /// Security headers for every answer of a public listener, in place of a proxied answer's own: the outermost service
    /// speaks for all.
    /// </summary>
    public static void UsePublicHeaders(this IApplicationBuilder app)
    {
        var policy = Policy(app.ApplicationServices.GetRequiredService<IOptions<TopologyOptions>>().Value);
        app.UseWhen(context => context.GetListener().IsPublic, @public => @public.UseSecurityHeaders(policy));
    }

    /// <summary>HTTPS only, where it is switched on; after the host was checked, as a redirect repeats it.</summary>
    public static void UseHttpsOnly(this IApplicationBuilder app)
    {
        if (!app.ApplicationServices.GetRequiredService<IOptions<TopologyOptions>>().Value.Https.Redirect) return;
        app.UseWhen(context => context.GetListener().IsPublic, @public => @public.UseHttpsRedirection());
    }

    private static HeaderPolicyCollection Policy(TopologyOptions topology)
    {
        var policy = new HeaderPolicyCollection()
            .AddContentTypeOptionsNoSniff()
            .AddFrameOptionsDeny()
            .AddReferrerPolicyNoReferrer()
            .AddCrossOriginResourcePolicy(builder => builder.SameOrigin())
            .AddContentSecurityPolicy(builder =>
            {
                if (topology.ServesPages)
                {
                    builder.AddDefaultSrc().Self();
                    builder.AddScriptSrc().Self().UnsafeInline();
                    builder.AddStyleSrc().Self().UnsafeInline();
                    builder.AddImgSrc().Self().Data();
                    builder.AddBaseUri().Self();
                    builder.AddFormAction().Self();
                }
                else
                {
                    builder.AddDefaultSrc().None();
                }

                builder.AddFrameAncestors().None();
            });
        if (topology.Https.Redirect) policy.AddStrictTransportSecurityMaxAgeIncludeSubDomains((int)Year.TotalSeconds);
        return policy;
    }
}
