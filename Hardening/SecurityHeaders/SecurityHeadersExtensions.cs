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

    /// <summary>Redirects to HTTPS where enabled. Call it after the host check, because the redirect repeats the host.</summary>
    public static void UseHttpsOnly(this IApplicationBuilder app)
    {
        if (!app.ApplicationServices.GetRequiredService<IOptions<BrowserOptions>>().Value.Https.Redirect) return;
        app.UseHttpsRedirection();
    }
}
