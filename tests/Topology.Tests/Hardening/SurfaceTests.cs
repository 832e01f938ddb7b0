using System.Net;
using System.Net.WebSockets;
using Topology.Catalog.Items;
using Topology.Edge.Upstreams;
using Topology.Tests.Infrastructure;

namespace Topology.Tests.Hardening;

public sealed class SurfaceTests(HardeningFixture fixture)
{
    private static readonly string[] SecurityHeaders =
        ["content-security-policy", "x-content-type-options", "x-frame-options", "referrer-policy", "cross-origin-resource-policy"];

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("TRACE")]
    [InlineData("trace")]
    public async Task TRACE_is_refused(string method)
    {
        var id = Guid.NewGuid().ToString("N");
        foreach (var (_, url) in fixture.Exposures)
        {
            await using var connection = await RawConnection.OpenAsync(url, Cancelled);
            await connection.SendAsync($"{method} /catalog/{id} HTTP/1.1\r\nHost: localhost\r\n\r\n", Cancelled);
            Assert.Equal(501, (await connection.ReadAsync())?.Status);
        }

        Assert.Empty(fixture.Recorder.Seen(id));
    }

    [Theory]
    [InlineData("/catalog/x")]
    [InlineData("/nothing")]
    [InlineData("/catalog//x")]
    public async Task Direct_and_proxied_answers_carry_the_same_security_headers_once_and_name_no_server(string path)
    {
        var seen = new List<string>();
        foreach (var (_, url) in fixture.Exposures)
        {
            await using var connection = await RawConnection.OpenAsync(url, Cancelled);
            await connection.SendAsync($"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n", Cancelled);
            var answer = (await connection.ReadAsync())!;
            seen.Add(string.Join('\n', SecurityHeaders.Select(name => $"{name}: {answer.Header(name)}")));
            Assert.Null(answer.Header("server"));
            Assert.Null(answer.Header("x-powered-by"));
            Assert.Null(answer.Header("strict-transport-security")); // The lab measures cleartext.
        }

        Assert.Equal(
            """
            content-security-policy: default-src 'none'; frame-ancestors 'none'
            x-content-type-options: nosniff
            x-frame-options: DENY
            referrer-policy: no-referrer
            cross-origin-resource-policy: same-origin
            """,
            Assert.Single(seen.Distinct()));
    }

    [Theory]
    [InlineData("Development", null, true)]
    [InlineData("Production", null, false)]
    [InlineData("Production", "true", true)]
    [InlineData("Development", "false", false)]
    public async Task Whoami_answers_in_development_or_where_it_is_switched_on(string environment, string? setting, bool answers)
    {
        await using var catalog = ServiceHost.Start<ItemStore>(
        [
            ("environment", environment), ("Topology:AllowedHosts", "localhost"), ("Topology:Certificates:AllowLocalAuthority", "true"),
            .. setting is null ? [] : new[] { ("Topology:WhoAmI", setting) },
        ]);
        foreach (var listener in (string[])["http", "internal"])
        {
            using var response = await catalog.Client(listener).GetAsync("/catalog/whoami", Cancelled);
            Assert.Equal(answers ? HttpStatusCode.OK : HttpStatusCode.NotFound, response.StatusCode);
        }
    }

    [Theory]
    [InlineData("/health")]
    [InlineData("/alive")]
    [InlineData("/")]
    [InlineData("/metrics")]
    [InlineData("/catalogs")]
    [InlineData("/Health")]
    [InlineData("/topology.live.v1.Echo/Unary")]
    public async Task Only_routed_paths_answer_at_the_edge(string path)
    {
        foreach (var listener in (string[])["http", "https"])
        {
            using var response = await fixture.Edge.Client(listener).GetAsync(path, Cancelled);
            Assert.Contains(response.StatusCode, new[] { HttpStatusCode.NotFound, HttpStatusCode.MethodNotAllowed });
        }
    }

    [Fact]
    public async Task Https_can_be_made_the_only_way()
    {
        await using var strict = await Recorder.StartAsync(
            "Production",
            [("Topology:Https:Redirect", "true"), ("Topology:Https:Port", "443"), ("Topology:AllowedHosts", "localhost;shop.example")]);
        using var redirected = await strict.Client("http").GetAsync("/catalog/x?y", Cancelled);
        Assert.Equal(
            (HttpStatusCode.PermanentRedirect, "https://localhost/catalog/x?y"),
            (redirected.StatusCode, redirected.Headers.Location?.ToString()));
        Assert.False(redirected.Headers.Contains("Strict-Transport-Security"));

        using var handler = ServiceHost.HandlerOfAnyHost();
        using var client = new HttpClient(handler);
        using var request =
            new HttpRequestMessage(HttpMethod.Get, new Uri(strict.Url("https"), "/catalog/x")) { Headers = { Host = "shop.example" } };
        using var secured = await client.SendAsync(request, Cancelled);
        Assert.Equal("max-age=31536000; includeSubDomains", secured.Headers.GetValues("Strict-Transport-Security").Single());

        using var inside = await strict.Client("internal").GetAsync("/health", Cancelled);
        Assert.Equal(HttpStatusCode.OK, inside.StatusCode);
    }

    [Fact]
    public async Task A_redirect_never_goes_to_a_host_that_is_not_served()
    {
        await using var strict =
            await Recorder.StartAsync("Production", [("Topology:Https:Redirect", "true"), ("Topology:AllowedHosts", "localhost")]);
        using var request = new HttpRequestMessage(HttpMethod.Get, "/catalog/x") { Headers = { Host = "evil.example" } };
        using var response = await strict.Client("http").SendAsync(request, Cancelled);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
    }

    [Theory]
    [InlineData("http")]
    [InlineData("https")]
    public async Task What_follows_an_upgrade_passes_untouched_direct_and_through_the_edge(string listener)
    {
        await using var live = ServiceHost.Start<Topology.Live.Events.Tick>();
        await using var edge = ServiceHost.Start<UpstreamOptions>(ServiceHost.Discovery("live", live));
        var bytes = Enumerable.Range(0, 100_000).Select(value => (byte)(value % 7 == 0 ? '\n' : value)).ToArray();
        foreach (var host in (ServiceHost[])[live, edge])
        {
            using var handler = ServiceHost.Handler();
            using var invoker = new HttpMessageInvoker(handler);
            using var socket = new ClientWebSocket
            {
                Options =
                { HttpVersion = HttpVersion.Version11, HttpVersionPolicy = HttpVersionPolicy.RequestVersionExact }
            };
            await socket.ConnectAsync(
                new UriBuilder(host.Url(listener)) { Scheme = listener == "https" ? "wss" : "ws", Path = "/live/socket" }.Uri, invoker,
                Cancelled);
            await socket.SendAsync(bytes, WebSocketMessageType.Binary, true, Cancelled);
            var received = new MemoryStream();
            var buffer = new byte[16 * 1024];
            for (ValueWebSocketReceiveResult result = default; !result.EndOfMessage;)
            {
                result = await socket.ReceiveAsync(buffer.AsMemory(), Cancelled);
                received.Write(buffer, 0, result.Count);
            }

            Assert.Equal(bytes, received.ToArray());
        }
    }

    [Fact]
    public async Task Field_values_pass_the_edge_byte_for_byte()
    {
        var id = Guid.NewGuid().ToString("N");
        var value = "caf\u00e9 \u0080\u00ff " + string.Concat(Enumerable.Range(0x21, 0x7f - 0x21).Select(character => (char)character));
        foreach (var (_, url) in fixture.Exposures)
        {
            await using var connection = await RawConnection.OpenAsync(url, Cancelled);
            await connection.SendAsync($"GET /catalog/{id} HTTP/1.1\r\nHost: localhost\r\nX-Bytes: {value}\r\n\r\n", Cancelled);
            Assert.Equal(200, (await connection.ReadAsync())?.Status);
        }

        Assert.All(fixture.Recorder.Seen(id), request => Assert.Equal(value, request.Headers["X-Bytes"]));
    }

    [Fact]
    public async Task A_client_that_expects_100_continue_is_told_to_go_on()
    {
        foreach (var (_, url) in fixture.Exposures)
        {
            await using var connection = await RawConnection.OpenAsync(url, Cancelled);
            await connection.SendAsync(
                "POST /orders/x HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n", Cancelled);
            var answer = connection.ReadAsync();
            await Task.Delay(200, Cancelled);
            await connection.SendAsync("hello", Cancelled);
            Assert.Equal(200, (await answer)?.Status);
        }
    }
}
