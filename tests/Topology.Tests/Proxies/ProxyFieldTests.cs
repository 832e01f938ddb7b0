using Topology.Tests.Hardening;
using Topology.Tests.Infrastructure;

namespace Topology.Tests.Proxies;

/// <summary>What a stranger's fields do to what the other proxies say of him, and what of them passes.</summary>
public sealed class ProxyFieldTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public static TheoryData<string> Proxies => InstalledProxies.All;

    [Theory]
    [MemberData(nameof(Proxies))]
    public async Task A_stranger_cannot_remove_what_the_proxy_says(string name)
    {
        await using var proxy = await OtherProxy.StartAsync(name);
        var seen = "";
        proxy.Backend.Answer = context =>
        {
            var headers = context.Request.Headers;
            // The middleware that believes a forwarded field keeps what it has replaced under these names.
            seen = $"{context.Request.Scheme} {context.Request.Host} {headers["X-Topology-Edge"]} {headers.ContainsKey("X-Original-For")} "
                + $"{headers.ContainsKey("X-Original-Proto")}";
            return Task.CompletedTask;
        };
        foreach (var options in (string[])
            ["X-Forwarded-Proto, X-Forwarded-For, X-Forwarded-Host, X-Topology-Edge",
                "close, x-forwarded-proto,x-forwarded-for,x-topology-edge",
                "keep-alive,X-Forwarded-Proto , X-Forwarded-For, X-Topology-Edge, Host"])
        {
            foreach (var (url, scheme) in (IEnumerable<(Uri, string)>)[(proxy.Http, "http"), (proxy.Https, "https")])
            {
                await using var connection = await RawConnection.OpenAsync(url, Cancelled);
                await connection.SendAsync(
                    $"GET /catalog/x HTTP/1.1\r\nHost: localhost:{url.Port}\r\nConnection: {options}\r\n\r\n", Cancelled);
                Assert.Equal(200, (await connection.ReadAsync())?.Status);
                Assert.Equal((options, $"{scheme} localhost:{url.Port} {name} True True"), (options, seen));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Proxies))]
    public async Task What_strangers_say_of_themselves_and_of_traces_does_not_pass(string name)
    {
        await using var proxy = await OtherProxy.StartAsync(name);
        string[] claims = [
            "baggage", "Correlation-Context", "Request-Id", "b3", "X-B3-TraceId", "X-B3-SpanId", "X-B3-Sampled", "X-Real-IP", "Forwarded",
                "X-Forwarded-Prefix",
            "X_Forwarded_For", "Content_Length", "Transfer_Encoding", "X_Anything",
        ];
        foreach (var url in (Uri[])[proxy.Http, proxy.Https])
        {
            foreach (var claim in claims)
            {
                var id = Guid.NewGuid().ToString("N");
                await using var connection = await RawConnection.OpenAsync(url, Cancelled);
                await connection.SendAsync(
                    $"GET /catalog/{id} HTTP/1.1\r\nHost: localhost\r\n{claim}: 1\r\nX-Harmless: 1\r\nConnection: close\r\n\r\n",
                    Cancelled);
                var status = (await connection.ReadAsync())?.Status;
                if (status == 400) continue; // httpd refuses what it cannot drop.
                Assert.Equal((claim, (int?)200), (claim, status));
                var request = Assert.Single(proxy.Backend.Seen(id));
                Assert.Contains("X-Harmless", request.Headers);
                Assert.False(request.Headers.ContainsKey(claim), claim);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Proxies))]
    public async Task An_upgrade_belongs_to_its_route_and_what_is_not_routed_is_404(string name)
    {
        await using var proxy = await OtherProxy.StartAsync(name);
        proxy.Backend.Answer = async context =>
        {
            if (context.Request.Path != "/live/socket") return;
            using var socket = await context.WebSockets.AcceptWebSocketAsync();
            await socket.CloseAsync(System.Net.WebSockets.WebSocketCloseStatus.NormalClosure, null, Cancelled);
        };
        const string Offer =
            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
        foreach (var (request, expected) in (IEnumerable<(string, int)>)
            [("GET /catalog/x", 200), ("GET /live/events", 200), ("HEAD /live/events", 200), ("GET /live/socket", 0),
                ("POST /live/socket", 405), ("HEAD /live/socket", 405), ("PUT /catalog/x", 405), ("POST /nothing", 404), ("FOO /a/b", 404),
                ("DELETE /", 404)])
        {
            foreach (var fields in (string[])[Offer, ""])
            {
                await using var connection = await RawConnection.OpenAsync(proxy.Http, Cancelled);
                await connection.SendAsync($"{request} HTTP/1.1\r\nHost: localhost\r\n{fields}Content-Length: 0\r\n\r\n", Cancelled);
                var status = request == "GET /live/socket" ? fields.Length > 0 ? 101 : 426 : expected;
                Assert.Equal(
                    (request, fields, (int?)status),
                    (request, fields,
                    (await connection.ReadAsync(hasNoBody: request.StartsWith("HEAD", StringComparison.Ordinal)))?.Status));
            }
        }
    }

    // Not Apache: its mod_proxy encodes a path anew, as docs/proxies.md says.
    [Theory]
    [InlineData("nginx")]
    [InlineData("haproxy")]
    public async Task Escapes_of_reserved_characters_stay(string name)
    {
        var id = Guid.NewGuid().ToString("N");
        await using var proxy = await OtherProxy.StartAsync(name);
        foreach (var (host, path) in (IEnumerable<(string, string)>)[("localhost", "/catalog"), ("catalog.localhost", "")])
        {
            await using var connection = await RawConnection.OpenAsync(proxy.Http, Cancelled);
            await connection.SendAsync($"GET {path}/{id}/a%3Bb%26c HTTP/1.1\r\nHost: {host}\r\n\r\n", Cancelled);
            Assert.Equal(200, (await connection.ReadAsync())?.Status);
        }

        Assert.Equal([$"/catalog/{id}/a%3Bb%26c"], proxy.Backend.Seen(id).Select(request => request.Target).Distinct());
    }
}
