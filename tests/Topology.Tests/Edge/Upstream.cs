using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;
using Topology.Tests.Infrastructure;

namespace Topology.Tests.Edge;

/// <summary>A backend of the test's own, in cleartext HTTP/2.</summary>
internal sealed class Upstream : IAsyncDisposable
{
    private readonly WebApplication _app;

    private Upstream(WebApplication app, int port) => (_app, Url) = (app, $"http://localhost:{port}");

    public string Url { get; }

    public static async Task<Upstream> StartAsync(RequestDelegate answer, int? port = null)
    {
        var chosen = port ?? FreePorts.Take();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ListenLocalhost(chosen, listen => listen.Protocols = HttpProtocols.Http2));
        var app = builder.Build();
        app.Run(answer);
        await app.StartAsync(TestContext.Current.CancellationToken);
        return new(app, chosen);
    }

    public Task StopAsync() => _app.StopAsync(new CancellationToken(canceled: true));

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
