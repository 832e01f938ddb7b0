using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;
using Topology.ManifestHost.Manifests;
using Topology.ManifestHost.Running;

namespace Topology.Tests.ManifestHost;

public sealed class HealthProbeTests
{
    [Theory]
    [InlineData("internal", "http", HttpProtocols.Http1)]
    [InlineData("internal-h2", "http2", HttpProtocols.Http2)]
    [InlineData("http", "http", HttpProtocols.Http1AndHttp2)]
    public async Task A_project_is_up_once_its_health_endpoint_answers_200(string binding, string transport, HttpProtocols protocols)
    {
        var cancellation = TestContext.Current.CancellationToken;
        var asked = 0;
        await using var app = await StartAsync(protocols, () => ++asked > 2 ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable, cancellation);
        var reports = new List<string>();

        await HealthProbe.WaitAsync(Project(new Binding("api", binding, "http", "tcp", transport, Port(app))), b => b.FixedPort!.Value, reports.Add, cancellation);

        Assert.Equal(3, asked);
        Assert.All(reports, report => Assert.EndsWith("/health answers 503", report, StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_internal_listener_is_asked_before_the_public_one()
    {
        var cancellation = TestContext.Current.CancellationToken;
        await using var app = await StartAsync(HttpProtocols.Http1, () => StatusCodes.Status200OK, cancellation);

        // Nothing listens on port 1: had the public binding been asked, this would not return.
        await HealthProbe.WaitAsync(
            Project(new Binding("api", "http", "http", "tcp", "http", 1), new Binding("api", "internal", "http", "tcp", "http", Port(app))),
            b => b.FixedPort!.Value, _ => { }, cancellation).WaitAsync(TimeSpan.FromSeconds(10), cancellation);
    }

    private static ProjectResource Project(params Binding[] bindings) => new(
        "api", "project.v0", "/api.csproj", [], new Dictionary<string, string>(), bindings.ToDictionary(b => b.Name));

    private static int Port(WebApplication app) => new Uri(app.Urls.Single()).Port;

    private static async Task<WebApplication> StartAsync(HttpProtocols protocols, Func<int> status, CancellationToken cancellation)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(System.Net.IPAddress.Loopback, 0, listen => listen.Protocols = protocols));
        var app = builder.Build();
        app.MapGet("/health", () => Results.StatusCode(status()));
        await app.StartAsync(cancellation);
        return app;
    }
}
