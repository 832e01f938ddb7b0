using System.Net;
using System.Net.WebSockets;
using Microsoft.AspNetCore.Http;
using Topology.Edge.Upstreams;
using Topology.Tests.Hardening;
using Topology.Tests.Infrastructure;

namespace Topology.Tests.Edge;

/// <summary>What RFC 9110, RFC 6455 and RFC 8441 ask of whoever passes messages on.</summary>
public sealed class GatewayTests : IAsyncLifetime
{
    private Recorder _backend = null!;
    private ServiceHost _edge = null!;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _backend = await Recorder.StartAsync();
        _edge = ServiceHost.Start<UpstreamOptions>(
        [
            .. _backend.AsEveryService(),
            ("ReverseProxy:Routes:options:ClusterId", "catalog"), ("ReverseProxy:Routes:options:Match:Path", "/catalog/{**rest}"),
            ("ReverseProxy:Routes:options:Match:Methods:0", "OPTIONS"),
        ]);
    }

    public async ValueTask DisposeAsync()
    {
        await _edge.DisposeAsync();
        await _backend.DisposeAsync();
    }

    /// <summary>RFC 9110 section 7.6.1.</summary>
    [Theory]
    [InlineData("x-hop")]
    [InlineData("close, X-Hop")]
    [InlineData("keep-alive,x-hop")]
    [InlineData("close\r\nConnection: X-Hop\r\nConnection: Y")]
    [InlineData("X-Hop , X-Other")]
    [InlineData("X-HOP, X-Forwarded-For, X-Forwarded-Proto, X-Topology-Edge, Via")]
    public async Task Fields_that_Connection_names_are_not_passed_on(string connection)
    {
        var seen = await AskAsync(
            $"Connection: {connection}\r\nX-Hop: 1\r\nX-Stays: 1\r\nKeep-Alive: timeout=5\r\nProxy-Connection: close\r\nTE: trailers\r\n");
        Assert.DoesNotContain(seen.Keys, name => name.Equals("X-Hop", StringComparison.OrdinalIgnoreCase));
        Assert.Contains("X-Stays", seen);
        Assert.DoesNotContain(
            seen.Keys, name => name is "Connection" or "Keep-Alive" or "Proxy-Connection" or "Transfer-Encoding" or "Upgrade");
        // What the edge itself says is not the client's to remove.
        Assert.Equal("edge", seen["X-Topology-Edge"]);
        Assert.Contains("Via", seen);
    }

    [Fact]
    public async Task What_a_message_cannot_be_without_stays_whatever_Connection_names()
    {
        var seen = await AskAsync("Connection: Host, Content-Length, Cookie\r\nContent-Length: 5\r\n", "hello", "POST /orders/{id}");
        Assert.Equal("5", seen["Content-Length"]);
        Assert.Contains("Host", seen);
    }

    [Fact]
    public async Task Fields_that_a_backends_Connection_names_do_not_reach_the_client()
    {
        await using var backend = new ScriptedBackend
        {
            Answer =
            ("HTTP/1.1 200 OK\r\nConnection: X-Hop, Upgrade, close\r\nUpgrade: foo\r\nX-Hop: 1\r\nX-Stays: 1\r\nKeep-Alive: "
            + "timeout=5\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n", After.Close)
        };
        await using var edge = ServiceHost.Start<UpstreamOptions>(
            [("Edge:Upstream", "internal"), ("services:catalog:internal:0", backend.Url),
                ("ReverseProxy:Clusters:catalog:HealthCheck:Active:Enabled", "false")]);
        await using var connection = await RawConnection.OpenAsync(edge.Url("http"), Cancelled);
        await connection.SendAsync("GET /catalog/x HTTP/1.1\r\nHost: localhost\r\n\r\n", Cancelled);
        var answer = (await connection.ReadAsync())!;
        Assert.Equal(
            (200, null, "1", null, null),
            (answer.Status, answer.Header("x-hop"), answer.Header("x-stays"), answer.Header("keep-alive"), answer.Header("connection")));
        Assert.Null(answer.Header("upgrade"));

        // RFC 9113 section 8.2.2: HTTP/2 has none of them.
        using var client = ServiceHost.Http2Client();
        using var response = await client.GetAsync(new Uri(edge.Url("https"), "/catalog/x"), Cancelled);
        Assert.DoesNotContain(
            response.Headers, header =>
            header.Key is "X-Hop" or "Connection" or "Keep-Alive" or "Proxy-Connection" or "Upgrade" or "Transfer-Encoding");
        Assert.True(response.Headers.Contains("X-Stays"));
    }

    /// <summary>RFC 9110 section 7.6.3.</summary>
    [Theory]
    [InlineData("http", null)]
    [InlineData("http", "1.0 first, 1.1 second")]
    [InlineData("https", null)]
    public async Task The_edge_names_itself_after_those_before_it(string listener, string? earlier)
    {
        var seen = await AskAsync(earlier is null ? "" : $"Via: {earlier}\r\n", listener: listener);
        var via = seen["Via"].Split(',', StringSplitOptions.TrimEntries);
        Assert.Matches("^1\\.1 edge-[0-9a-f]{8}$", via[^1]);
        Assert.Equal(earlier ?? "", string.Join(", ", via[..^1]));
    }

    /// <summary>RFC 9110 section 7.6.3: the version is that of the request as it was received.</summary>
    [Theory]
    [InlineData("1.0")]
    [InlineData("1.1")]
    [InlineData("2")]
    public async Task Via_has_the_version_of_the_received_request(string version)
    {
        var id = Guid.NewGuid().ToString("N");
        if (version == "2")
        {
            using var client = ServiceHost.Http2Client();
            (await client.GetAsync(new Uri(_edge.Url("https"), $"/catalog/{id}"), Cancelled)).EnsureSuccessStatusCode().Dispose();
        }
        else
        {
            await using var connection = await RawConnection.OpenAsync(_edge.Url("http"), Cancelled);
            await connection.SendAsync($"GET /catalog/{id} HTTP/{version}\r\nHost: localhost\r\n\r\n", Cancelled);
            Assert.Equal(200, (await connection.ReadAsync())?.Status);
        }

        var seen = Assert.Single(_backend.Seen(id)).Headers;
        Assert.StartsWith($"{version} edge-", seen["Via"], StringComparison.Ordinal);
        // RFC 9113 section 8.3.1: a gateway that forwards to HTTP/1.1 creates the Host field from :authority.
        Assert.StartsWith("localhost", seen["Host"], StringComparison.Ordinal);
    }

    /// <summary>RFC 9110 section 7.6.2.</summary>
    [Theory]
    [InlineData("OPTIONS", "1", "0")]
    [InlineData("OPTIONS", "10", "9")]
    [InlineData("OPTIONS", "many", "many")]
    [InlineData("GET", "0", "0")]
    public async Task Max_Forwards_counts_down_for_OPTIONS(string method, string value, string expected)
    {
        var seen = await AskAsync($"Max-Forwards: {value}\r\n", request: $"{method} /catalog/{{id}}");
        Assert.Equal(expected, seen["Max-Forwards"]);
    }

    [Fact]
    public async Task OPTIONS_without_a_forward_left_is_answered_by_the_edge()
    {
        var id = Guid.NewGuid().ToString("N");
        await using var connection = await RawConnection.OpenAsync(_edge.Url("http"), Cancelled);
        await connection.SendAsync($"OPTIONS /catalog/{id} HTTP/1.1\r\nHost: localhost\r\nMax-Forwards: 0\r\n\r\n", Cancelled);
        Assert.Equal(204, (await connection.ReadAsync())?.Status);
        Assert.Empty(_backend.Seen(id));
    }

    [Fact]
    public async Task A_request_that_comes_back_is_a_loop()
    {
        var port = FreePorts.Take();
        await using var edge = ServiceHost.Start<UpstreamOptions>(
            [("Topology:Listeners:http", $"{port}"), ("Edge:Upstream", "internal"),
                ("services:catalog:internal:0", $"http://localhost:{port}"),
                ("ReverseProxy:Clusters:catalog:HealthCheck:Active:Enabled", "false")]);
        await using var connection = await RawConnection.OpenAsync(new Uri($"http://localhost:{port}"), Cancelled);
        await connection.SendAsync("GET /catalog/x HTTP/1.1\r\nHost: localhost\r\n\r\n", Cancelled);
        var answer = await connection.ReadAsync();
        Assert.Equal((508, "application/problem+json"), (answer?.Status, answer?.Header("content-type")));
    }

    /// <summary>RFC 9110 section 7.8: an offer in HTTP/1.0 is ignored.</summary>
    [Fact]
    public async Task HTTP_1_0_upgrades_nothing()
    {
        await using var live = ServiceHost.Start<Topology.Live.Events.Tick>();
        await using var edge = ServiceHost.Start<UpstreamOptions>(ServiceHost.Discovery("live", live));
        foreach (var host in (ServiceHost[])[live, edge])
        {
            await using var connection = await RawConnection.OpenAsync(host.Url("http"), Cancelled);
            await connection.SendAsync(
                "GET /live/socket HTTP/1.0\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: "
                + "13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", Cancelled);
            Assert.Equal(426, (await connection.ReadAsync())?.Status);
        }
    }

    /// <summary>RFC 8441 section 5: the end of one side is the end of the other, an orderly one orderly, a break a break.</summary>
    [Theory]
    [InlineData("internal-h2", "1.1")]
    [InlineData("internal-h2", "2.0")]
    [InlineData("internal", "1.1")]
    [InlineData("internal", "2.0")]
    public async Task A_tunnel_ends_on_both_sides(string upstream, string version)
    {
        await using var backend = await Recorder.StartAsync();
        await using var edge = ServiceHost.Start<UpstreamOptions>([.. backend.AsEveryService(), ("Edge:Upstream", upstream)]);
        foreach (var end in (string[])["client closes", "client breaks off", "backend closes", "backend breaks off"])
        {
            var ended = new TaskCompletionSource<string>();
            backend.Answer = async context =>
            {
                using var socket = await context.WebSockets.AcceptWebSocketAsync();
                if (end == "backend breaks off")
                {
                    await socket.ReceiveAsync(new byte[16], Cancelled);
                    context.Abort();
                    return;
                }

                if (end == "backend closes") await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, "bye", Cancelled);
                try
                {
                    var received = await socket.ReceiveAsync(new byte[16], context.RequestAborted);
                    ended.TrySetResult(received.MessageType.ToString());
                }
                catch (Exception exception) when (exception is WebSocketException or OperationCanceledException or IOException)
                {
                    ended.TrySetResult("broken off");
                }
            };
            using var invoker = new HttpMessageInvoker(ServiceHost.Handler());
            var client =
                new ClientWebSocket { Options = { HttpVersion = new(version), HttpVersionPolicy = HttpVersionPolicy.RequestVersionExact } };
            await client.ConnectAsync(new UriBuilder(edge.Url("https")) { Scheme = "wss", Path = "/live/socket" }.Uri, invoker, Cancelled);
            switch (end)
            {
                case "client closes":
                    await client.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, Cancelled);
                    Assert.Equal((end, "Close"), (end, await ended.Task.WaitAsync(TimeSpan.FromSeconds(5), Cancelled)));
                    break;
                case "client breaks off":
                    client.Abort();
                    Assert.Equal((end, "broken off"), (end, await ended.Task.WaitAsync(TimeSpan.FromSeconds(5), Cancelled)));
                    break;
                case "backend closes":
                    Assert.Equal(
                        WebSocketMessageType.Close,
                        (await client.ReceiveAsync(new byte[16], Cancelled).WaitAsync(TimeSpan.FromSeconds(5), Cancelled)).MessageType);
                    break;
                default:
                    await client.SendAsync(new byte[1], WebSocketMessageType.Binary, true, Cancelled);
                    await Assert.ThrowsAnyAsync<Exception>(
                        () => client.ReceiveAsync(new byte[16], Cancelled).WaitAsync(TimeSpan.FromSeconds(5), Cancelled));
                    break;
            }

            client.Dispose();
        }
    }

    private async Task<IReadOnlyDictionary<string,
        string>> AskAsync(string fields, string body = "", string request = "GET /catalog/{id}", string listener = "http")
    {
        var id = Guid.NewGuid().ToString("N");
        await using var connection = await RawConnection.OpenAsync(_edge.Url(listener), Cancelled);
        await connection.SendAsync(
            $"{request.Replace("{id}", id, StringComparison.Ordinal)} HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n{body}", Cancelled);
        Assert.Equal(200, (await connection.ReadAsync())?.Status);
        return Assert.Single(_backend.Seen(id)).Headers;
    }
}
