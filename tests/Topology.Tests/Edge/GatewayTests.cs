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

    /// <summary>RFC 9110 section 7.6.3.</summary>
    [Theory]
    [InlineData("http", null)]
    [InlineData("http", "1.0 first, 1.1 second")]
    [InlineData("http", "1.0 first\r\nVia: 1.1 second, HTTP/2 third (comment)")]
    [InlineData("https", null)]
    public async Task The_edge_names_itself_after_those_before_it(string listener, string? earlier)
    {
        var seen = await AskAsync(earlier is null ? "" : $"Via: {earlier}\r\n", listener: listener);
        var via = seen["Via"].Split(',', StringSplitOptions.TrimEntries);
        Assert.Matches("^1\\.1 edge-[0-9a-f]{8}$", via[^1]);
        Assert.Equal(earlier?.Replace("\r\nVia: ", ", ", StringComparison.Ordinal) ?? "", string.Join(", ", via[..^1]));
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
    }

    /// <summary>
    /// RFC 9113 section 8.3.1: an intermediary takes the authority of the request it received. As the edge asks its backend under the
    /// backend's own name, it passes the authority on in X-Forwarded-Host, of which the backend makes its Host.
    /// </summary>
    [Theory]
    [InlineData("internal-h2", "1.1")]
    [InlineData("internal-h2", "2.0")]
    [InlineData("internal", "1.1")]
    [InlineData("internal", "2.0")]
    public async Task A_backend_is_told_the_authority_of_the_request(string upstream, string version)
    {
        await using var edge = ServiceHost.Start<UpstreamOptions>([.. _backend.AsEveryService(), ("Edge:Upstream", upstream)]);
        var id = Guid.NewGuid().ToString("N");
        using var client = ServiceHost.Http2Client();
        client.DefaultRequestVersion = new(version);
        client.DefaultRequestHeaders.Host = "localhost:1";
        (await client.GetAsync(new Uri(edge.Url("https"), $"/catalog/{id}"), Cancelled)).EnsureSuccessStatusCode().Dispose();
        var seen = Assert.Single(_backend.Seen(id)).Headers;
        Assert.Equal(("localhost:1", _backend.Url(upstream).Authority), (seen["Host"], seen["X-Original-Host"]));
    }

    /// <summary>RFC 9113 section 8.3.1: a client sends no Host that differs from :authority. The edge sends none.</summary>
    [Fact]
    public async Task A_backend_over_HTTP2_is_sent_one_authority()
    {
        await using var backend = new ScriptedBackend
        {
            Answer = ($"{ScriptedBackend.Settings}\0\0\u0001\u0001\u0005\0\0\0\u0001\u0088", After.Nothing) // :status 200.
        };
        await using var edge = ServiceHost.Start<UpstreamOptions>(
            [("services:catalog:internal-h2:0", backend.Url), ("ReverseProxy:Clusters:catalog:HealthCheck:Active:Enabled", "false")]);
        await using var connection = await RawConnection.OpenAsync(edge.Url("http"), Cancelled);
        await connection.SendAsync("GET /catalog/x HTTP/1.1\r\nHost: localhost:1\r\n\r\n", Cancelled);
        Assert.Equal(200, (await connection.ReadAsync())?.Status);
        // .NET's client writes values in plain text.
        Assert.Equal((1, 1), (CountOf(new Uri(backend.Url).Authority), CountOf("localhost:1"))); // The second is X-Forwarded-Host.

        int CountOf(string value) => backend.Received.Split(value).Length - 1;
    }

    /// <summary>RFC 9113 section 8.3.1: :path is never empty; a target without a path has the path /.</summary>
    [Fact]
    public async Task A_target_without_a_path_means_the_root()
    {
        var id = Guid.NewGuid().ToString("N");
        await using var connection = await RawConnection.OpenAsync(_edge.Url("http"), Cancelled);
        await connection.SendAsync($"GET http://catalog.localhost?{id} HTTP/1.1\r\nHost: catalog.localhost\r\n\r\n", Cancelled);
        Assert.Equal(200, (await connection.ReadAsync())?.Status);
        Assert.Equal($"/catalog/?{id}", Assert.Single(_backend.Seen(id)).Target);
    }

    /// <summary>RFC 9110 section 7.6.2.</summary>
    [Theory]
    [InlineData("OPTIONS", "1", "0")]
    [InlineData("OPTIONS", "10", "9")]
    [InlineData("OPTIONS", "007", "6")]
    [InlineData("OPTIONS", "4294967295", "4294967294")]
    [InlineData("OPTIONS", "4294967296", "4294967294")] // More than the edge counts.
    [InlineData("OPTIONS", "99999999999999999999999", "4294967294")]
    [InlineData("OPTIONS", "many", "many")]
    [InlineData("OPTIONS", "-1", "-1")]
    [InlineData("GET", "0", "0")]
    public async Task Max_Forwards_counts_down_for_OPTIONS(string method, string value, string expected)
    {
        var seen = await AskAsync($"Max-Forwards: {value}\r\n", request: $"{method} /catalog/{{id}}");
        Assert.Equal(expected, seen["Max-Forwards"]);
    }

    [Theory]
    [InlineData("0")]
    [InlineData("000")]
    public async Task OPTIONS_without_a_forward_left_is_answered_by_the_edge(string value)
    {
        var id = Guid.NewGuid().ToString("N");
        await using var connection = await RawConnection.OpenAsync(_edge.Url("http"), Cancelled);
        await connection.SendAsync($"OPTIONS /catalog/{id} HTTP/1.1\r\nHost: localhost\r\nMax-Forwards: {value}\r\n\r\n", Cancelled);
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

    private Task<IReadOnlyDictionary<string, string>> AskAsync(
        string fields, string request = "GET /catalog/{id}", string listener = "http") =>
        AskAsync(_edge.Url(listener), _backend, fields, request: request);

    /// <summary>Asks an edge over HTTP/1.1, and says which fields its backend saw.</summary>
    internal static async Task<IReadOnlyDictionary<string, string>> AskAsync(
        Uri edge, Recorder backend, string fields, string body = "", string request = "GET /catalog/{id}")
    {
        var id = Guid.NewGuid().ToString("N");
        await using var connection = await RawConnection.OpenAsync(edge, Cancelled);
        await connection.SendAsync(
            $"{request.Replace("{id}", id, StringComparison.Ordinal)} HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n{body}", Cancelled);
        Assert.Equal(200, (await connection.ReadAsync())?.Status);
        return Assert.Single(backend.Seen(id)).Headers;
    }
}
