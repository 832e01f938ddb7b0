using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Json;
using Topology.AppHost.Tests.Infrastructure;
using Topology.Hardening;
using Topology.Hardening.Forwarding;
using Topology.Media.Content;
using Topology.ServiceDefaults.Diagnostics;
using Topology.Tests.Infrastructure;

namespace Topology.AppHost.Tests.Lab;

/// <summary>HTTP/3 in the running lab does what HTTP/1.1 and HTTP/2 do.</summary>
[Collection(RunningLab.Collection)]
public sealed class Http3LabTests(Infrastructure.Lab lab)
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("edge")]
    [InlineData("direct")]
    public async Task Every_workload_passes(string path)
    {
        Http3.Require();
        const int Size = 1 << 20;
        using var catalog = await ClientAsync("catalog-1");
        Assert.Equal(12, (await catalog.GetFromJsonAsync<JsonElement>("/catalog/items/12", Cancelled)).GetProperty("id").GetInt32());

        using var orders = await ClientAsync("orders");
        using var order = Http3.Message(HttpMethod.Post, "/orders");
        order.Headers.Add("Idempotency-Key", Guid.NewGuid().ToString());
        order.Content = JsonContent.Create(new { lines = new[] { new { itemId = 1, quantity = 2 } } });
        using var placed = await orders.SendAsync(order, Cancelled);
        Assert.Equal(HttpStatusCode.Created, placed.StatusCode);

        using var media = await ClientAsync("media");
        var digest = await Digests.OfAsync(new DeterministicStream(Size), Cancelled);
        Assert.Equal(digest, Convert.ToHexStringLower(SHA256.HashData(await media.GetByteArrayAsync($"/media/{Size}", Cancelled))));
        using var upload = await media.PostAsync("/media", new StreamContent(new DeterministicStream(Size)), Cancelled);
        Assert.Equal(digest, (await upload.Content.ReadFromJsonAsync<JsonElement>(Cancelled)).GetProperty("sha256").GetString());

        using var live = await ClientAsync("live");
        Assert.Equal(3, (await live.GetStringAsync("/live/events?count=3&interval=20", Cancelled)).Split("event: tick").Length - 1);

        async Task<HttpClient> ClientAsync(string backend) =>
            Http3.Client((await lab.StartAsync()).Url(path == "direct" ? backend : path, "https"), Infrastructure.Lab.Handler());
    }

    [Theory]
    [InlineData("edge", "internal-h2", "HTTP/2")]
    [InlineData("direct", "https", "HTTP/3")]
    public async Task The_listener_and_the_path_are_told_by_the_connection_and_what_a_client_claims_is_dropped(
        string path, string listener, string protocol)
    {
        Http3.Require();
        var url = (await lab.StartAsync()).Url(path == "direct" ? "catalog-1" : path, "https");
        using var client = Http3.Client(url, Infrastructure.Lab.Handler());
        using var request = Http3.Message(HttpMethod.Get, "/catalog/whoami");
        foreach (var name in UntrustedHeaders.All)
        {
            request.Headers.TryAddWithoutValidation(name, name.Contains("For", StringComparison.Ordinal) ? "203.0.113.9" : "evil.example");
        }
        request.Headers.Add("X-Topology-Edge", "nginx");
        using var response = await client.SendAsync(request, Cancelled);
        var who = (await response.Content.ReadFromJsonAsync<WhoAmIResponse>(Cancelled))!;
        Assert.Equal(
            (listener, protocol, path, "https", url.Authority), (who.Listener, who.Protocol, who.TopologyPath, who.Scheme, who.Host));
        Assert.True(IPAddress.IsLoopback(IPAddress.Parse(who.RemoteAddress!)));
        if (path == "edge")
        {
            Assert.DoesNotContain(
                who.ForwardedHeaders.Values, value =>
                value.Contains("203.0.113.9", StringComparison.Ordinal) || value.Contains("evil", StringComparison.Ordinal));
        }

        foreach (var inside in (string[])["/health", "/alive"])
        {
            using var hidden = await client.GetAsync(inside, Cancelled);
            Assert.Equal((HttpStatusCode.NotFound, HttpVersion.Version30), (hidden.StatusCode, hidden.Version));
        }
    }
}
