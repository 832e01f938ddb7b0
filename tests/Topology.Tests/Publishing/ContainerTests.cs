using System.Net;
using System.Net.Http.Json;
using Topology.Tests.Infrastructure;

namespace Topology.Tests.Publishing;

/// <summary>
/// The images are built, and what they hold runs as they say: as a user without rights, on a file system that is read-only
/// except for /tmp, with the image's variables and the environment of the cloud's manifest. Only the base image is not the
/// real one, because that needs a registry.
/// </summary>
public sealed class ContainerTests(PublishedServices services) : IClassFixture<PublishedServices>
{
    private const int Main = 8080;
    private const int Probes = 8081;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("catalog", "Catalog")]
    [InlineData("orders", "Orders")]
    [InlineData("media", "Media")]
    [InlineData("live", "Live")]
    [InlineData("edge", "Edge")]
    [InlineData("traffic", "Traffic")]
    public void Every_image_says_who_runs_what_on_which_port(string service, string project)
    {
        Skip();
        var image = services.Images[service];
        Assert.Equal($"topology/{project.ToLowerInvariant()}:latest", image.Name);
        Assert.Equal($"{PublishedServices.User}", image.Config.GetProperty("User").GetString());
        Assert.Equal("/app/", image.Config.GetProperty("WorkingDir").GetString());
        Assert.Equal(["dotnet", $"/app/Topology.{project}.dll"], image.Strings("Entrypoint"));
        Assert.Equal(["8080/tcp"], image.Config.GetProperty("ExposedPorts").EnumerateObject().Select(port => port.Name));
        var labels = image.Config.GetProperty("Labels");
        Assert.Equal($"Topology {project}", labels.GetProperty("org.opencontainers.image.title").GetString());
        Assert.Equal("MIT", labels.GetProperty("org.opencontainers.image.licenses").GetString());
        Assert.Contains(("DOTNET_EnableDiagnostics_IPC", "0"), image.Environment);
    }

    [Fact]
    public async Task Every_service_becomes_healthy_does_its_work_and_stops_when_told_to()
    {
        Skip();
        var catalog = services.Start("catalog");
        var orders = services.Start("orders");
        var media = services.Start("media");
        var live = services.Start("live");
        var edge = services.Start("edge");
        var traffic = services.Start("traffic");
        PublishedService[] all = [catalog, orders, media, live, edge, traffic];
        using var client = new HttpClient();

        await HealthyAsync(client, catalog, "catalog", Main);
        await HealthyAsync(client, orders, "orders", Main);
        await HealthyAsync(client, media, "media", Main);
        await HealthyAsync(client, live, "live", Main);
        await HealthyAsync(client, edge, "edge", Probes);
        await HealthyAsync(client, traffic, "traffic", Main);
        foreach (var service in all)
        {
            Assert.Equal([$"{PublishedServices.User}"], service.Status("Uid").Split('\t').Distinct());
            Assert.Equal([$"{PublishedServices.User}"], service.Status("Gid").Split('\t').Distinct());
            Assert.Equal("0000000000000000", service.Status("CapEff"));
        }

        // The edge may have asked before orders were there; it asks again every two seconds.
        await Eventually.TrueAsync(async () =>
        {
            using var response = await client.GetAsync(Url("edge", Main, "/orders"), Cancelled);
            return response.StatusCode == HttpStatusCode.OK;
        });

        // Sends as the platform's ingress does: through the edge to the service orders, which gets prices from the catalog.
        using var order = new HttpRequestMessage(HttpMethod.Post, Url("edge", Main, "/orders"))
        {
            Headers = { { "X-Forwarded-For", "203.0.113.9" }, { "X-Forwarded-Proto", "https" }, { "Idempotency-Key", "one" } },
            Content = JsonContent.Create(new { lines = new[] { new { itemId = 1, quantity = 2 } } }),
        };
        using var taken = await client.SendAsync(order, Cancelled);
        Assert.True(taken.StatusCode == HttpStatusCode.Created, $"{taken.StatusCode}\n{edge.Output}\n{orders.Output}");
        using var page = await client.GetAsync(Url("traffic", Main, "/"), Cancelled);
        Assert.True(page.StatusCode == HttpStatusCode.OK, $"{page.StatusCode}\n{traffic.Output}");

        // This is all that they write.
        Assert.All((PublishedService[])[catalog, media, live, edge], service => Assert.Empty(service.Files("/tmp")));
        Assert.All(orders.Files("/tmp"), file => Assert.StartsWith("topology-orders.db", file, StringComparison.Ordinal));
        Assert.All(traffic.Files("/tmp"), file => Assert.StartsWith("topology-comparisons.db", file, StringComparison.Ordinal));
        Assert.NotEmpty(orders.Files("/tmp"));
        Assert.NotEmpty(traffic.Files("/tmp"));

        foreach (var service in all)
            Assert.True(await service.StopAsync() == 0, service.Output);
    }

    [Fact]
    public async Task Orders_without_a_place_to_keep_them_fail_and_name_the_setting()
    {
        Skip();
        var orders = services.Start("orders", without: "ConnectionStrings__orders");

        Assert.NotEqual(0, await orders.EndAsync());
        Assert.Contains("Orders cannot be kept in /home/app/", orders.Output, StringComparison.Ordinal);
        Assert.Contains("Set ConnectionStrings:orders to", orders.Output, StringComparison.Ordinal);
    }

    private void Skip() => Assert.SkipWhen(services.Unavailable is not null, services.Unavailable ?? "");

    private Uri Url(string service, int port, string path) => new($"http://localhost:{services.Port(service, port)}{path}");

    private async Task HealthyAsync(HttpClient client, PublishedService process, string service, int port) => await Eventually.TrueAsync(
        async () =>
        {
            Assert.False(process.HasEnded, $"{service} has ended:\n{process.Output}");
            try
            {
                using var response = await client.GetAsync(Url(service, port, "/health"), Cancelled);
                return response.StatusCode == HttpStatusCode.OK;
            }
            catch (HttpRequestException)
            {
                return false;
            }
        },
        seconds: 60);
}
