using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.HttpsPolicy;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Topology.Hardening.Listeners;

namespace Topology.Hardening.SecurityHeaders;

/// <summary>Security headers and the HTTPS redirect for public listeners.</summary>
internal static class SecurityHeadersExtensions
{
    private static readonly TimeSpan Year = TimeSpan.FromDays(365);

    public static void AddSecurityHeaders(this IServiceCollection services, string section)
    {
        services.AddOptions<BrowserOptions>().BindConfiguration(section);
        services.AddOptions<HttpsRedirectionOptions>().Configure<IOptions<BrowserOptions>,
            IConfiguration>((redirection, browsers, configuration) =>
        {
            redirection.RedirectStatusCode = StatusCodes.Status308PermanentRedirect;
            redirection.HttpsPort = browsers.Value.Https.Port
                ?? ListenerConfiguration.Read(configuration).FirstOrDefault(entry => entry.Listener == Listener.Https).Port;
        });
    }

    /// <summary>
    /// Adds security headers to every public response. They replace the security headers of a proxied response, because the outermost
    /// service decides.
    /// </summary>
    public static void UsePublicSecurityHeaders(this IApplicationBuilder app)
    {
        var policy = Policy(app.ApplicationServices.GetRequiredService<IOptions<BrowserOptions>>().Value);
        app.UseWhen(context => context.GetListener().IsPublic, @public => @public.UseSecurityHeaders(policy));
    }

    /// <summary>Redirects to HTTPS where enabled. Call it after the host check, because the redirect repeats the host.</summary>
    public static void UseHttpsOnly(this IApplicationBuilder app)
    {
        if (!app.ApplicationServices.GetRequiredService<IOptions<BrowserOptions>>().Value.Https.Redirect) return;
        app.UseWhen(context => context.GetListener().IsPublic, @public => @public.UseHttpsRedirection());
    }

    private static HeaderPolicyCollection Policy(BrowserOptions browsers)
    {
        var policy = new HeaderPolicyCollection()
            .AddContentTypeOptionsNoSniff()
            .AddFrameOptionsDeny()
            .AddReferrerPolicyNoReferrer()
            .AddCrossOriginResourcePolicy(builder => builder.SameOrigin())
            .AddContentSecurityPolicy(builder =>
            {
                if (browsers.ServesPages)
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
        if (browsers.Https.Redirect) policy.AddStrictTransportSecurityMaxAgeIncludeSubDomains((int)Year.TotalSeconds);
        return policy;
    }
}
