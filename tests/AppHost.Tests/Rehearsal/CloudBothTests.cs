using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Topology.Tests.Infrastructure;

namespace Topology.AppHost.Tests.Rehearsal;

/// <summary>With the backends exposed beside the edge, both ways lead to them by HTTPS, and the edge's way inwards still works.</summary>
[Collection(Rehearsals.Name)]
public sealed class CloudBothTests(CloudBothRun cloud) : IClassFixture<CloudBothRun>
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("catalog-1", "direct")]
    [InlineData("edge", "edge")]
    public async Task The_catalog_answers_by_either_public_name_and_knows_the_client(string resource, string path)
    {
        using var client = cloud.Outside();
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(cloud.Host.Url(resource, "https"), "/catalog/whoami"))
        {
            Version = client.DefaultRequestVersion,
            Headers = { { "X-Forwarded-For", "203.0.113.9" }, { "X-Topology-Edge", "haproxy" } },
        };
        using var response = await client.SendAsync(request, Cancelled);
        var seen = await response.Content.ReadFromJsonAsync<JsonElement>(Cancelled);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal((path, PlatformRun.Client.ToString(), "https"), (Text("topologyPath"), Text("remoteAddress"), Text("scheme")));

        string? Text(string name) => seen.GetProperty(name).GetString();
    }

    [Theory]
    [InlineData("catalog-1")]
    [InlineData("orders")]
    [InlineData("media")]
    [InlineData("live")]
    public async Task Health_is_for_the_inside(string backend)
    {
        using var client = cloud.Outside();
        using var outside = await client.GetAsync(new Uri(cloud.Host.Url(backend, "https"), "/health"), Cancelled);
        using var peer = new HttpClient();
        using var inside = await peer.GetAsync(new Uri(cloud.Host.Url(backend, "internal"), "/health"), Cancelled);
        Assert.Equal((HttpStatusCode.NotFound, HttpStatusCode.OK), (outside.StatusCode, inside.StatusCode));
    }

    [Fact]
    public async Task Cleartext_from_outside_is_sent_to_the_backends_own_HTTPS()
    {
        using var client = new HttpClient(PlatformRun.Handler());
        using var response = await client.GetAsync(new Uri(cloud.Host.Url("catalog-1", "http"), "/catalog/items/1"), Cancelled);
        Assert.Equal(HttpStatusCode.MovedPermanently, response.StatusCode);
        Assert.Equal(new Uri(cloud.Host.Url("catalog-1", "https"), "/catalog/items/1"), response.Headers.Location);
    }

    [Fact]
    public async Task An_order_finds_its_prices_inside()
    {
        using var client = cloud.Outside();
        client.DefaultRequestHeaders.Add("Idempotency-Key", Guid.NewGuid().ToString());
        using var response = await client.PostAsJsonAsync("/orders", new { lines = new[] { new { itemId = 1, quantity = 2 } } }, Cancelled);
        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
    }

    /// <summary>It takes longer than the edge takes to leave out what it probes in vain.</summary>
    [Fact]
    public async Task Compare_goes_to_both_by_HTTPS()
    {
        var json = Path.GetTempFileName();
        var (status, _, error) = await TrafficCommand.RunAsync(
            null, ["compare", "--attach", "--state", cloud.Host.StateFile, "--paths", "direct,edge", "--rate", "40", "--duration", "1",
            "--json", json]);
        Assert.True(status is 0 or 3, error);
        using var result = JsonDocument.Parse(await File.ReadAllTextAsync(json, Cancelled));
        var paths = result.RootElement.GetProperty("paths").EnumerateArray().ToList();
        Assert.Equal(
            [("direct", 0), ("edge", 0)],
            paths.Select(path => (path.GetProperty("path").GetString(), path.GetProperty("errors").GetInt32())));
        Assert.All(paths, path => Assert.Equal("HTTP/1.1, TLS 1.3", path.GetProperty("sameness").GetProperty("protocol").GetString()));
        File.Delete(json);
    }
}
