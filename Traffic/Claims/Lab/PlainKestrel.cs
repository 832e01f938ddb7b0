using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.HttpOverrides;

namespace Topology.Claims.Lab;

/// <summary>
/// The contrast: an application on Kestrel with a template's settings, none of the topology's hardening, and endpoints
/// as applications have them. <see cref="Address"/> is Kestrel as it is; behind <see cref="TrustsEveryone"/> the same
/// application believes forwarded headers from anybody, as <c>ASPNETCORE_FORWARDEDHEADERS_ENABLED</c> makes it.
/// </summary>
public sealed class PlainKestrel : IAsyncDisposable
{
    private readonly WebApplication[] _applications;

    private PlainKestrel(WebApplication[] applications) => _applications = applications;

    /// <summary>Where it listens: loopback, a free port.</summary>
    public Uri Address => AddressOf(_applications[0]);

    /// <summary>Where it listens and believes forwarded headers.</summary>
    public Uri TrustsEveryone => AddressOf(_applications[1]);

    /// <summary>Starts both.</summary>
    public static async Task<PlainKestrel> StartAsync(CancellationToken cancellationToken)
    {
        var plain = new PlainKestrel([Build(believing: false), Build(believing: true)]);
        try
        {
            foreach (var application in plain._applications) await application.StartAsync(cancellationToken);
            return plain;
        }
        catch
        {
            await plain.DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        foreach (var application in _applications) await application.DisposeAsync();
    }

    private static WebApplication Build(bool believing)
    {
        var builder = WebApplication.CreateSlimBuilder();
        // This process's own configuration is not the contrast's.
        builder.Configuration.Sources.Clear();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var app = builder.Build();
        if (believing)
        {
            var options = new ForwardedHeadersOptions { ForwardedHeaders = ForwardedHeaders.All };
            options.KnownProxies.Clear();
            options.KnownIPNetworks.Clear();
            app.UseForwardedHeaders(options);
        }

        app.MapGet("/health", () => "Healthy");
        app.MapGet("/alive", () => "Healthy");
        app.MapGet("/account/reset", (HttpRequest request) => ResetLink(request));
        app.MapGet("/{service}/whoami", WhoIs);
        app.MapFallback((Delegate)ReadAllAsync);
        return app;
    }

    /// <summary>The link that an application would send by mail to whoever forgot a password: built from what the request says.</summary>
    internal static string ResetLink(HttpRequest request) => $"{request.Scheme}://{request.Host}/account/reset?token=0";

    private static WhoAmI WhoIs(HttpContext context) => new(
        "plain", context.Request.Scheme, context.Request.Host.Value ?? "", context.Connection.RemoteIpAddress?.ToString(), "plain", null);

    /// <summary>Does what is asked: reads the body to its end and says how long it was.</summary>
    private static async Task<string> ReadAllAsync(HttpContext context)
    {
        var length = 0L;
        var buffer = new byte[16 * 1024];
        while (await context.Request.Body.ReadAsync(buffer, context.RequestAborted) is > 0 and var read) length += read;
        return length.ToString(CultureInfo.InvariantCulture);
    }

    private static Uri AddressOf(WebApplication application) =>
        new(application.Services.GetRequiredService<Microsoft.AspNetCore.Hosting.Server.IServer>().Features.Get<IServerAddressesFeature>(
            )!.Addresses.Single());
}
