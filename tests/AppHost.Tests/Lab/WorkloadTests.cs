using System.Net;
using System.Net.Http.Json;
using System.Net.WebSockets;
using System.Text.Json;
using Grpc.Net.Client;
using Topology.AppHost.Tests.Infrastructure;
using Topology.Media.Content;
using Topology.Tests.Infrastructure;

namespace Topology.AppHost.Tests.Lab;

/// <summary>Every workload works on every path of the running lab.</summary>
[Collection(RunningLab.Collection)]
public sealed class WorkloadTests(Infrastructure.Lab lab)
{
    private const int Large = 100 << 20;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public static TheoryData<string> Paths => ["direct", "edge", "edge-tls"];

    [Theory]
    [MemberData(nameof(Paths))]
    public async Task Catalog_reads_json(string path)
    {
        using var client = await ClientAsync(path, "catalog-1");
        Assert.Equal(12, (await client.GetFromJsonAsync<JsonElement>("/catalog/items/12", Cancelled)).GetProperty("id").GetInt32());
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public async Task Orders_takes_an_order_once(string path)
    {
        using var client = await ClientAsync(path, "orders");
        var key = Guid.NewGuid().ToString();
        var first = await PostAsync();
        var second = await PostAsync();
        Assert.Equal((HttpStatusCode.Created, HttpStatusCode.OK), (first.Status, second.Status));
        Assert.Equal(first.Body, second.Body);

        async Task<(HttpStatusCode Status, string Body)> PostAsync()
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/orders")
            {
                Headers = { { "Idempotency-Key", key } },
                Content = JsonContent.Create(new { lines = new[] { new { itemId = 1, quantity = 2 }, new { itemId = 2, quantity = 1 } } }),
            };
            using var response = await client.SendAsync(request, Cancelled);
            return (response.StatusCode, await response.Content.ReadAsStringAsync(Cancelled));
        }
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public async Task Media_downloads_100_MiB(string path)
    {
        using var client = await ClientAsync(path, "media");
        await using var body = await client.GetStreamAsync($"/media/{Large}", Cancelled);
        Assert.Equal(await Digests.OfAsync(new DeterministicStream(Large), Cancelled), await Digests.OfAsync(body, Cancelled));
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public async Task Media_takes_an_upload_of_100_MiB(string path)
    {
        using var client = await ClientAsync(path, "media");
        using var response = await client.PostAsync("/media", new StreamContent(new DeterministicStream(Large)), Cancelled);
        var upload = await response.Content.ReadFromJsonAsync<JsonElement>(Cancelled);
        Assert.Equal(Large, upload.GetProperty("length").GetInt64());
        Assert.Equal(await Digests.OfAsync(new DeterministicStream(Large), Cancelled), upload.GetProperty("sha256").GetString());
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public async Task Live_sends_the_first_event_within_a_second(string path)
    {
        using var client = await ClientAsync(path, "live");
        (await client.GetAsync("/live/whoami", Cancelled)).Dispose(); // Connections are open before the clock runs.
        await using var stream =
            await client.GetStreamAsync("/live/events?interval=60000", Cancelled).WaitAsync(TimeSpan.FromSeconds(1), Cancelled);
        using var reader = new StreamReader(stream);
        Assert.Equal("event: tick", await reader.ReadLineAsync(Cancelled).AsTask().WaitAsync(TimeSpan.FromSeconds(1), Cancelled));
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public async Task Live_echoes_over_a_WebSocket(string path)
    {
        using var socket = new ClientWebSocket();
        await socket.ConnectAsync(
            new UriBuilder(await UrlAsync(path, "live", "http")) { Scheme = "ws", Path = "/live/socket" }.Uri, Cancelled);
        await Echoes.AssertSocketAsync(socket, Cancelled);
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public async Task Live_answers_grpc_unary_and_bidirectional(string path)
    {
        using var channel =
            GrpcChannel.ForAddress(await UrlAsync(path, "live", "https"), new() { HttpHandler = Infrastructure.Lab.Handler() });
        await Echoes.AssertGrpcAsync(channel, Cancelled);
    }

    private async Task<Uri> UrlAsync(string path, string backend, string endpoint) =>
        (await lab.StartAsync()).Url(path == "direct" ? backend : path, endpoint);

    private async Task<HttpClient> ClientAsync(string path, string backend) =>
        new() { BaseAddress = await UrlAsync(path, backend, "http") };
}
