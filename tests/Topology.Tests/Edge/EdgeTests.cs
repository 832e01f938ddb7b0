using System.Net;
using System.Net.Http.Json;
using System.Net.WebSockets;
using System.Text.Json;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Topology.Catalog.Items;
using Topology.Edge.Upstreams;
using Topology.ServiceDefaults.Diagnostics;
using Topology.Tests.Infrastructure;

namespace Topology.Tests.Edge;

public sealed class EdgeTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("internal-h2", "HTTP/2")]
    [InlineData("internal", "HTTP/1.1")]
    [InlineData("internal-tls", "HTTP/2")]
    public async Task The_edge_reaches_backends_on_the_listener_it_is_told_to(string upstream, string protocol)
    {
        await using var catalog = ServiceHost.Start<ItemStore>();
        await using var edge = StartEdge([("Edge:Upstream", upstream), .. ServiceHost.Discovery("catalog", catalog)]);
        var who = (await edge.Client().GetFromJsonAsync<WhoAmIResponse>("/catalog/whoami", Cancelled))!;
        Assert.Equal((upstream, protocol, "edge"), (who.Listener, who.Protocol, who.TopologyPath));
    }

    [Theory]
    [InlineData("http")]
    [InlineData("https")]
    public async Task Backends_see_the_clients_scheme_host_and_address_whatever_the_client_claims(string listener)
    {
        await using var catalog = ServiceHost.Start<ItemStore>();
        await using var edge = StartEdge(ServiceHost.Discovery("catalog", catalog));
        using var request = new HttpRequestMessage(HttpMethod.Get, "/catalog/whoami")
        {
            Headers = {
                { "X-Forwarded-For", "203.0.113.9" }, { "X-Forwarded-Host", "evil.example" }, { "X-Forwarded-Proto", "gopher" },
                { "Forwarded", "for=203.0.113.9" }, { "X-Topology-Edge", "nginx" },
            },
        };
        using var response = await edge.Client(listener).SendAsync(request, Cancelled);
        var who = (await response.Content.ReadFromJsonAsync<WhoAmIResponse>(Cancelled))!;
        Assert.Equal((listener, edge.Url(listener).Authority, "edge"), (who.Scheme, who.Host, who.TopologyPath));
        Assert.True(IPAddress.IsLoopback(IPAddress.Parse(who.RemoteAddress!)));
        Assert.DoesNotContain(
            who.ForwardedHeaders, header =>
            header.Value.Contains("203.0.113.9", StringComparison.Ordinal) || header.Value.Contains("evil", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Requests_spread_over_replicas_and_follow_discovery_as_it_changes()
    {
        await using var first = ServiceHost.Start<ItemStore>([("OTEL_SERVICE_NAME", "catalog-1")]);
        await using var second = ServiceHost.Start<ItemStore>([("OTEL_SERVICE_NAME", "catalog-2")]);
        await using var edge = StartEdge(ServiceHost.Discovery("catalog", first, second));
        var client = edge.Client();
        Assert.Equal(["catalog-1", "catalog-2"], await AnsweringAsync());

        var configuration = (IConfigurationRoot)edge.Services.GetRequiredService<IConfiguration>();
        configuration["services:catalog:internal-h2:1"] = configuration["services:catalog:internal-h2:0"];
        configuration.Reload();
        await Eventually.TrueAsync(async () => (await AnsweringAsync()) is ["catalog-1"]);

        async Task<List<string>> AnsweringAsync()
        {
            var who = await Task.WhenAll(
                Enumerable.Range(0, 40).Select(_ => client.GetFromJsonAsync<WhoAmIResponse>("/catalog/whoami", Cancelled)));
            return [.. who.Select(answer => answer!.Instance).Distinct().Order()];
        }
    }

    [Fact]
    public async Task A_replica_that_leaves_and_returns_is_left_out_and_taken_in_again()
    {
        await using var stays = ServiceHost.Start<ItemStore>([("OTEL_SERVICE_NAME", "stays")]);
        await using var leaves = await Upstream.StartAsync(context => context.Response.WriteAsync("leaves"));
        await using var edge = StartEdge(
            [("services:catalog:internal-h2:0", stays.Url("internal-h2").GetLeftPart(UriPartial.Authority)),
                ("services:catalog:internal-h2:1", leaves.Url)]);
        var client = edge.Client();
        await Eventually.TrueAsync(async () => await LeavesAnswersAsync());

        await leaves.StopAsync();
        await Eventually.TrueAsync(
            async () => (await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => client.GetAsync("/catalog/items/1", Cancelled))))
            .All(response => response.IsSuccessStatusCode));

        await using var back = await Upstream.StartAsync(context => context.Response.WriteAsync("leaves"), new Uri(leaves.Url).Port);
        await Eventually.TrueAsync(async () => await LeavesAnswersAsync(), seconds: 30);

        async Task<bool> LeavesAnswersAsync()
        {
            for (var i = 0; i < 10; i++)
            {
                using var response = await client.GetAsync("/catalog/items/1", Cancelled);
                if (await response.Content.ReadAsStringAsync(Cancelled) == "leaves") return true;
            }

            return false;
        }
    }

    [Fact]
    public async Task No_client_sees_that_a_replica_has_gone()
    {
        await using var stays = await Upstream.StartAsync(
            async context =>
            await context.Response.WriteAsync($"{await new StreamReader(context.Request.Body).ReadToEndAsync(Cancelled)} stays"));
        await using var edge = StartEdge([
            ("ReverseProxy:Clusters:orders:HealthCheck:Active:Enabled", "false"),
            ("services:orders:internal-h2:0", $"http://localhost:{FreePorts.Take()}"), ("services:orders:internal-h2:1", stays.Url)]);
        for (var i = 0; i < 50; i++)
        {
            // Nothing is sent before a connection is there, so that a POST may go elsewhere too.
            using var response = i % 2 == 0 ? await edge.Client().GetAsync("/orders/1", Cancelled)
                : await edge.Client().PostAsync("/orders", new StringContent("sent once,"), Cancelled);
            Assert.Equal(i % 2 == 0 ? " stays" : "sent once, stays", await response.Content.ReadAsStringAsync(Cancelled));
        }
    }

    [Theory]
    [InlineData("GET", 2)]
    [InlineData("POST", 1)]
    [InlineData("POST", 2, "Idempotency-Key")]
    public async Task What_a_replica_breaks_off_goes_elsewhere_only_where_that_does_nothing_twice(
        string method, int attempts, string? key = null)
    {
        var received = 0;
        async Task BreakOffAsync(HttpContext context)
        {
            if (context.Request.Path == "/health") return;
            await context.Request.Body.CopyToAsync(Stream.Null, Cancelled);
            Interlocked.Increment(ref received);
            context.Abort();
        }

        await using var first = await Upstream.StartAsync(BreakOffAsync);
        await using var second = await Upstream.StartAsync(BreakOffAsync);
        await using var edge = StartEdge([("services:orders:internal-h2:0", first.Url), ("services:orders:internal-h2:1", second.Url)]);
        using var request = new HttpRequestMessage(new(method), "/orders") { Content = method == "POST" ? new StringContent("{}") : null };
        if (key is not null) request.Headers.Add(key, "k");
        using var response = await edge.Client().SendAsync(request, Cancelled);
        Assert.Equal((HttpStatusCode.BadGateway, attempts), (response.StatusCode, received));

        // What it answers is no reason to leave a replica out: a client can bring that about.
        using var next = await edge.Client().GetAsync("/orders/1", Cancelled);
        Assert.Equal((HttpStatusCode.BadGateway, attempts + 2), (next.StatusCode, received));
    }

    [Fact]
    public async Task A_keyed_post_that_a_replica_breaks_off_arrives_complete_at_another()
    {
        var bodies = new System.Collections.Concurrent.ConcurrentQueue<string>();
        async Task TakeSecondAsync(HttpContext context)
        {
            if (context.Request.Path == "/health") return;
            bodies.Enqueue(await new StreamReader(context.Request.Body).ReadToEndAsync(Cancelled));
            if (bodies.Count == 1) context.Abort();
        }

        await using var first = await Upstream.StartAsync(TakeSecondAsync);
        await using var second = await Upstream.StartAsync(TakeSecondAsync);
        await using var edge = StartEdge([("services:orders:internal-h2:0", first.Url), ("services:orders:internal-h2:1", second.Url)]);
        var body = new string('b', 60_000);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/orders")
        { Headers = { { "Idempotency-Key", "k" } }, Content = new StringContent(body) };
        using var response = await edge.Client().SendAsync(request, Cancelled);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal([body, body], bodies);
    }

    [Fact]
    public async Task A_backend_that_cannot_be_reached_is_a_502_with_the_traces_id()
    {
        await using var edge = StartEdge(
            [("ReverseProxy:Clusters:catalog:HealthCheck:Active:Enabled", "false"), ("Edge:ReplicaWait", "0"),
            ("services:catalog:internal-h2:0", $"http://localhost:{FreePorts.Take()}")]);
        using var response = await edge.Client().GetAsync("/catalog/items/1", Cancelled);
        await AssertProblemAsync(response, HttpStatusCode.BadGateway);
    }

    [Fact]
    public async Task A_service_without_a_healthy_replica_is_a_503()
    {
        await using var edge = StartEdge([("services:catalog:internal-h2:0", $"http://localhost:{FreePorts.Take()}")]);
        await Eventually.TrueAsync(async () =>
        {
            using var response = await edge.Client().GetAsync("/catalog/items/1", Cancelled);
            return response.StatusCode == HttpStatusCode.ServiceUnavailable
                && response.Content.Headers.ContentType?.MediaType == "application/problem+json";
        });
    }

    [Fact]
    public async Task A_backend_that_does_not_answer_in_time_is_a_504()
    {
        await using var slow = await Upstream.StartAsync(
            context => context.Request.Path == "/health" ? Task.CompletedTask : Task.Delay(Timeout.Infinite, context.RequestAborted));
        await using var edge = StartEdge(
            [("services:catalog:internal-h2:0", slow.Url), ("ReverseProxy:Clusters:catalog:HttpRequest:ActivityTimeout", "00:00:01"),
            ("ReverseProxy:Clusters:catalog:HttpRequest:Version", "2"),
                ("ReverseProxy:Clusters:catalog:HttpRequest:VersionPolicy", "RequestVersionExact")]);
        using var response = await edge.Client().GetAsync("/catalog/items/1", Cancelled);
        await AssertProblemAsync(response, HttpStatusCode.GatewayTimeout);
    }

    [Theory]
    [InlineData(404, "")]
    [InlineData(503, "")]
    [InlineData(500, "broken")]
    public async Task What_a_backend_answers_passes_as_it_came(int status, string body)
    {
        await using var backend = await Upstream.StartAsync(context =>
        {
            context.Response.StatusCode = context.Request.Path == "/health" ? 200 : status;
            return context.Response.WriteAsync(body);
        });
        await using var edge = StartEdge([("services:catalog:internal-h2:0", backend.Url)]);
        using var response = await edge.Client().GetAsync("/catalog/items/1", Cancelled);
        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal(body, await response.Content.ReadAsStringAsync(Cancelled));
    }

    [Theory]
    [InlineData("/nothing")]
    [InlineData("/health")]
    [InlineData("/alive")]
    [InlineData("/")]
    public async Task What_is_not_routed_is_not_there(string path)
    {
        await using var edge = StartEdge([]);
        using var response = await edge.Client().GetAsync(path, Cancelled);
        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
    }

    [Fact]
    public async Task The_first_event_of_a_stream_comes_at_once()
    {
        await using var live = ServiceHost.Start<Topology.Live.Events.Tick>();
        await using var edge = StartEdge(ServiceHost.Discovery("live", live));
        await using var stream =
            await edge.Client().GetStreamAsync("/live/events?interval=60000", Cancelled).WaitAsync(TimeSpan.FromSeconds(5), Cancelled);
        using var reader = new StreamReader(stream);
        Assert.Equal("event: tick", await reader.ReadLineAsync(Cancelled).AsTask().WaitAsync(TimeSpan.FromSeconds(5), Cancelled));
    }

    [Fact]
    public async Task WebSockets_and_grpc_pass()
    {
        await using var live = ServiceHost.Start<Topology.Live.Events.Tick>();
        await using var edge = StartEdge(ServiceHost.Discovery("live", live));
        using var socket = new ClientWebSocket();
        await socket.ConnectAsync(new UriBuilder(edge.Url("http")) { Scheme = "ws", Path = "/live/socket" }.Uri, Cancelled);
        await Echoes.AssertSocketAsync(socket, Cancelled);

        using var channel = GrpcChannel.ForAddress(edge.Url("https"), new() { HttpHandler = ServiceHost.Handler() });
        await Echoes.AssertGrpcAsync(channel, Cancelled);
    }

    private static ServiceHost StartEdge(IEnumerable<(string, string)> settings) => ServiceHost.Start<UpstreamOptions>(settings);

    private static async Task AssertProblemAsync(HttpResponseMessage response, HttpStatusCode status)
    {
        Assert.Equal(status, response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType!.MediaType);
        Assert.Matches(
            "^00-[0-9a-f]{32}-", (await response.Content.ReadFromJsonAsync<JsonElement>(Cancelled)).GetProperty("traceId").GetString()!);
    }

    [Theory]
    [InlineData("BodyBytes", "many", "catalog", "BodyBytes")]
    [InlineData("Timeouts", "00:00:01", "catalog", "Timeouts")]
    public void A_route_with_wrong_metadata_stops_the_start_and_names_the_key(string key, string value, params string[] named)
    {
        var failure = Assert.ThrowsAny<Exception>(
            () => ServiceHost.Start<UpstreamOptions>([($"ReverseProxy:Routes:catalog:Metadata:{key}", value)]));
        Assert.All(named, part => Assert.Contains(part, failure.ToString(), StringComparison.Ordinal));
    }

    [Fact]
    public void A_route_that_repeats_keyed_requests_may_not_keep_large_bodies()
    {
        var failure = Assert.ThrowsAny<Exception>(
            () => ServiceHost.Start<UpstreamOptions>([("ReverseProxy:Routes:orders:Metadata:BodyBytes", "65537")]));
        Assert.Contains("set BodyBytes to at most 65536", failure.ToString(), StringComparison.Ordinal);
    }
}
