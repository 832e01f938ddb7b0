using System.Net;
using System.Net.Http.Json;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using Grpc.Net.Client;
using Topology.AppHost.Tests.Infrastructure;
using Topology.Comparison.Pairs;
using Topology.Comparison.Targets;
using Topology.Comparison.Workloads;
using Topology.Hardening;
using Topology.Hardening.Forwarding;
using Topology.Live.V1;
using Topology.Media.Content;
using Topology.Tests.Infrastructure;
using Topology.Traffic.Pairs;

namespace Topology.AppHost.Tests.Proxies;

/// <summary>nginx, Apache httpd and HAProxy do what the edge does, in a running lab.</summary>
[Collection(RunningLab.Collection)]
public sealed class ProxyTests(Infrastructure.Lab lab)
{
    private static readonly string[] Order = ["direct", "edge", "edge-tls", "nginx", "apache", "haproxy"];

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public static TheoryData<string> Proxies => InstalledProxies.All;

    public static TheoryData<string> Workloads => [.. WorkloadCatalog.All.Select(workload => workload.Name)];

    [Theory]
    [MemberData(nameof(Workloads))]
    public async Task Every_path_answers_a_workload_with_the_same_bytes(string workload)
    {
        var configuration = (await lab.StartAsync()).ForTraffic();
        using var sender = new PairSender(new TargetMap(configuration), new PublicTrust(configuration));
        for (var i = 0; i < 5; i++)
        {
            var pair = await sender.SendAsync(WorkloadCatalog.Find(workload)!, Cancelled);
            Assert.Equal(
                ["direct", "edge", "edge-tls", .. InstalledProxies.Names],
                pair.Legs.Select(leg => leg.Path).OrderBy(path => Array.IndexOf(Order, path)));
            Assert.Null(pair.Difference);
        }
    }

    [Theory]
    [MemberData(nameof(Proxies))]
    public async Task A_service_sees_the_client_and_not_what_the_client_claims(string proxy)
    {
        foreach (var endpoint in (string[])["http", "https"])
        {
            using var client = await ClientAsync(proxy, endpoint);
            using var request = new HttpRequestMessage(HttpMethod.Get, "/live/whoami")
            { Version = endpoint == "https" ? HttpVersion.Version20 : HttpVersion.Version11 };
            foreach (var name in UntrustedHeaders.All) request.Headers.TryAddWithoutValidation(name, "203.0.113.7");
            request.Headers.TryAddWithoutValidation("X-Topology-Edge", "edge");
            using var response = await client.SendAsync(request, Cancelled);
            var seen = await response.Content.ReadFromJsonAsync<JsonElement>(Cancelled);

            Assert.Equal(endpoint, seen.GetProperty("scheme").GetString());
            Assert.Equal(client.BaseAddress!.Authority, seen.GetProperty("host").GetString());
            Assert.Contains(seen.GetProperty("remoteAddress").GetString(), (string[])["127.0.0.1", "::1"]);
            Assert.Equal(proxy, seen.GetProperty("topologyPath").GetString());
            Assert.DoesNotContain("203.0.113.7", seen.GetProperty("forwardedHeaders").ToString(), StringComparison.Ordinal);
            Assert.Equal(
                ["X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Topology-Edge"],
                seen.GetProperty("forwardedHeaders").EnumerateObject().Select(header => header.Name).Order());
        }
    }

    [Theory]
    [MemberData(nameof(Proxies))]
    public async Task Only_known_hosts_are_served(string proxy)
    {
        foreach (var (host, expected) in (IEnumerable<(string, string)>)
            [("localhost", "200"), ("a.localhost:99", "200"), ("127.0.0.1", "200"), ("[::1]:80", "200"), ("evil.example", "400"),
                ("localhost.evil.example", "400"), ("evillocalhost", "400")])
        {
            Assert.Equal(
                (host, expected),
                (host, await StatusAsync(proxy, $"GET /catalog/items/1 HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")));
        }

        Assert.Equal("400", await StatusAsync(proxy, "GET /catalog/items/1 HTTP/1.0\r\n\r\n"));
    }

    [Theory]
    [MemberData(nameof(Proxies))]
    public async Task Nothing_but_the_routes_is_reachable(string proxy)
    {
        foreach (var path in (string[])
            ["/", "/health", "/alive", "/health/", "//health", "/catalogx", "/live/other", "/live", "/catalog/../health",
                "/catalog/%2e%2e/health",
            "/catalog/..%2fhealth", "/catalog/.%2e/alive", "/live/whoami/../../health", "/catalog/..;/health", "/catalog/%252e%252e/health",
                "/./health", "/catalog\\..\\health"])
        {
            var status = await StatusAsync(proxy, $"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
            Assert.True(status is "400" or "404", $"{path} answers {status}");
        }
    }

    [Theory]
    [MemberData(nameof(Proxies))]
    public async Task Only_the_routes_methods_are_allowed(string proxy)
    {
        foreach (var (method, path) in (IEnumerable<(string, string)>)
            [("TRACE", "/catalog/items/1"), ("DELETE", "/catalog/items/1"), ("POST", "/catalog/items/1"), ("PUT", "/orders/1"),
                ("POST", "/media/10"), ("POST", "/live/whoami"), ("GET", "/topology.live.v1.Echo/Unary")])
        {
            Assert.Equal(
                (method, path, "405"),
                (method, path,
                await StatusAsync(
                proxy, $"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")));
        }
    }

    [Theory]
    [MemberData(nameof(Proxies))]
    public async Task Only_websockets_are_upgrades_and_cleartext_is_http_1(string proxy)
    {
        Assert.Equal(
            "200", await StatusAsync(
            proxy, "GET /live/whoami HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, HTTP2-Settings, close\r\nUpgrade: "
            + "h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n"));
        Assert.DoesNotContain(await StatusAsync(proxy, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), (string[])["101", "200"]);
    }

    [Theory]
    [MemberData(nameof(Proxies))]
    public async Task Bodies_have_the_edges_limits(string proxy)
    {
        using var client = await ClientAsync(proxy, "http");
        foreach (var chunked in (bool[])[false, true])
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/orders")
            {
                Content = new StringContent(new string(' ', 66_000), Encoding.UTF8, "application/json"),
                Headers = { { "Idempotency-Key", "too-large" }, { "Connection", "close" } },
            };
            if (chunked) request.Headers.TransferEncodingChunked = true;
            using var response = await client.SendAsync(request, Cancelled);
            // httpd does not limit chunked bodies. Kestrel refuses them, and httpd may then answer 502.
            HttpStatusCode[] expected = chunked && proxy == "apache" ? [HttpStatusCode.RequestEntityTooLarge, HttpStatusCode.BadGateway]
                : [HttpStatusCode.RequestEntityTooLarge];
            Assert.Contains(response.StatusCode, expected);
            // The proxy itself refuses a declared length, with its own response instead of Kestrel's.
            if (!chunked) Assert.NotEqual("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        }
    }

    [Theory]
    [MemberData(nameof(Proxies))]
    public async Task A_large_body_passes_in_both_directions(string proxy)
    {
        const int Large = 32 << 20;
        using var client = await ClientAsync(proxy, "http");
        var expected = await Digests.OfAsync(new DeterministicStream(Large), Cancelled);
        await using var body = await client.GetStreamAsync($"/media/{Large}", Cancelled);
        Assert.Equal(expected, await Digests.OfAsync(body, Cancelled));
        // Chunked, because the length is unknown.
        using var content = new StreamContent(new DeterministicStream(Large)) { Headers = { ContentLength = null } };
        using var request =
            new HttpRequestMessage(HttpMethod.Post, "/media") { Content = content, Headers = { TransferEncodingChunked = true } };
        using var response = await client.SendAsync(request, Cancelled);
        Assert.Equal(expected, (await response.Content.ReadFromJsonAsync<JsonElement>(Cancelled)).GetProperty("sha256").GetString());
    }

    [Theory]
    [MemberData(nameof(Proxies))]
    public async Task Events_go_out_as_they_come(string proxy)
    {
        using var client = await ClientAsync(proxy, "http");
        (await client.GetAsync("/live/whoami", Cancelled)).Dispose();
        await using var stream =
            await client.GetStreamAsync("/live/events?interval=60000", Cancelled).WaitAsync(TimeSpan.FromSeconds(2), Cancelled);
        using var reader = new StreamReader(stream);
        Assert.Equal("event: tick", await reader.ReadLineAsync(Cancelled).AsTask().WaitAsync(TimeSpan.FromSeconds(2), Cancelled));
    }

    [Theory]
    [MemberData(nameof(Proxies))]
    public async Task A_WebSocket_stays_open_and_answers(string proxy)
    {
        foreach (var endpoint in (string[])["http", "https"])
        {
            using var invoker = new HttpMessageInvoker(Infrastructure.Lab.Handler());
            using var socket = new ClientWebSocket();
            await socket.ConnectAsync(
                new UriBuilder(await UrlAsync(proxy, endpoint)) { Scheme = endpoint == "http" ? "ws" : "wss", Path = "/live/socket" }.Uri,
                invoker, Cancelled);
            var buffer = new byte[64];
            for (var i = 0; i < 10; i++)
            {
                await socket.SendAsync("ping"u8.ToArray(), WebSocketMessageType.Text, true, Cancelled);
                Assert.Equal(4, (await socket.ReceiveAsync(buffer, Cancelled)).Count);
            }

            await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, Cancelled);
        }
    }

    [Theory]
    [MemberData(nameof(Proxies))]
    public async Task Grpc_passes_both_ways_at_once_with_its_trailers(string proxy)
    {
        using var channel = GrpcChannel.ForAddress(await UrlAsync(proxy, "https"), new() { HttpHandler = Infrastructure.Lab.Handler() });
        var client = new Echo.EchoClient(channel);
        Assert.Equal("one", (await client.UnaryAsync(new() { Text = "one" }, cancellationToken: Cancelled)).Text);
        using var call = client.Bidirectional(cancellationToken: Cancelled);
        foreach (var text in (string[])["a", "b", "c"])
        {
            await call.RequestStream.WriteAsync(new() { Text = text }, Cancelled);
            Assert.True(await call.ResponseStream.MoveNext(Cancelled).WaitAsync(TimeSpan.FromSeconds(5), Cancelled));
            Assert.Equal(text, call.ResponseStream.Current.Text);
        }

        await call.RequestStream.CompleteAsync();
        Assert.False(await call.ResponseStream.MoveNext(Cancelled));
        Assert.Equal(Grpc.Core.StatusCode.OK, call.GetStatus().StatusCode);
    }

    [Fact]
    public async Task A_replica_that_dies_costs_no_request()
    {
        var host = await lab.StartAsync();
        var pid = host.Pid("catalog-1");
        await Programs.SignalAsync("KILL", pid);
        foreach (var proxy in InstalledProxies.Names)
        {
            using var client = await ClientAsync(proxy, "http");
            for (var i = 0; i < 30; i++)
            {
                using var response = await client.GetAsync($"/catalog/items/{1 + i}", Cancelled);
                Assert.Equal((proxy, HttpStatusCode.OK), (proxy, response.StatusCode));
            }
        }

        // The state file may still show the process that was killed.
        await Eventually.TrueAsync(
            () => host.Resource("catalog-1").GetProperty("health").GetString() == "healthy" && host.Pid("catalog-1") != pid, seconds: 60);
    }

    private async Task<Uri> UrlAsync(string proxy, string endpoint)
    {
        InstalledProxies.Require(proxy);
        return (await lab.StartAsync()).Url(proxy, endpoint);
    }

    private async Task<HttpClient> ClientAsync(string proxy, string endpoint) =>
        new(Infrastructure.Lab.Handler()) { BaseAddress = await UrlAsync(proxy, endpoint) };

    /// <summary>The response status for raw bytes that no client would send; empty if the connection is closed.</summary>
    private async Task<string> StatusAsync(string proxy, string request)
    {
        var url = await UrlAsync(proxy, "http");
        using var client = new System.Net.Sockets.TcpClient();
        await client.ConnectAsync("127.0.0.1", url.Port, Cancelled);
        await using var stream = client.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(request), Cancelled);
        using var reader = new StreamReader(stream, Encoding.Latin1);
        return (await reader.ReadLineAsync(Cancelled))?.Split(' ') is [_, var status, ..] ? status : "";
    }
}
