using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.HttpOverrides;

namespace Topology.Claims.Lab;

/// <summary>
/// An application on Kestrel for comparison, with a project template's settings, typical endpoints and none of the topology's
/// hardening. <see cref="TrustsEveryone"/> serves the same application with forwarded headers trusted from any client, as
/// <c>ASPNETCORE_FORWARDEDHEADERS_ENABLED</c> does.
/// </summary>
public sealed class PlainKestrel : IAsyncDisposable
{
    private readonly WebApplication[] _applications;

    private PlainKestrel(WebApplication[] applications) => _applications = applications;

    /// <summary>The address: loopback, a free port.</summary>
    public Uri Address => AddressOf(_applications[0]);

    /// <summary>The address at which forwarded headers are trusted from any client.</summary>
    public Uri TrustsEveryone => AddressOf(_applications[1]);

    /// <summary>Starts both.</summary>
    public static async Task<PlainKestrel> StartAsync(CancellationToken cancellationToken)
    {
        var plain = new PlainKestrel([Build(trustsEveryone: false), Build(trustsEveryone: true)]);
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

    private static WebApplication Build(bool trustsEveryone)
    {
        var builder = WebApplication.CreateSlimBuilder();
        // This process's configuration must not apply.
        builder.Configuration.Sources.Clear();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var app = builder.Build();
        if (trustsEveryone)
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

    /// <summary>A password-reset link for an e-mail, built from the request's scheme and host.</summary>
    internal static string ResetLink(HttpRequest request) => $"{request.Scheme}://{request.Host}/account/reset?token=0";

    private static WhoAmI WhoIs(HttpContext context) => new(
        "plain", context.Request.Scheme, context.Request.Host.Value ?? "", context.Connection.RemoteIpAddress?.ToString(), "plain", null);

    /// <summary>Reads the whole body and returns its length.</summary>
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
