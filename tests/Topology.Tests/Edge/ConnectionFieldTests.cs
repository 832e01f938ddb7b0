using Topology.Edge.Upstreams;
using Topology.Tests.Hardening;
using Topology.Tests.Infrastructure;

namespace Topology.Tests.Edge;

/// <summary>Fields for one connection stay on it: RFC 9110 section 7.6.1 and RFC 9113 section 8.2.2.</summary>
public sealed class ConnectionFieldTests : IAsyncLifetime
{
    private Recorder _backend = null!;
    private ServiceHost _edge = null!;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _backend = await Recorder.StartAsync();
        _edge = ServiceHost.Start<UpstreamOptions>(_backend.AsEveryService());
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
        var seen = await GatewayTests.AskAsync(
            _edge.Url("http"), _backend,
            $"Connection: {connection}\r\nX-Hop: 1\r\nX-Stays: 1\r\nKeep-Alive: timeout=5\r\nProxy-Connection: close\r\nTE: trailers\r\n");
        Assert.DoesNotContain(seen.Keys, name => name.Equals("X-Hop", StringComparison.OrdinalIgnoreCase));
        Assert.Contains("X-Stays", seen);
        Assert.DoesNotContain(
            seen.Keys,
            name => name is "Connection" or "Keep-Alive" or "Proxy-Connection" or "TE" or "Transfer-Encoding" or "Upgrade");
        // What the edge itself says is not the client's to remove.
        Assert.Equal("edge", seen["X-Topology-Edge"]);
        Assert.Contains("Via", seen);
    }

    [Fact]
    public async Task What_a_message_cannot_be_without_stays_whatever_Connection_names()
    {
        var seen = await GatewayTests.AskAsync(
            _edge.Url("http"), _backend, "Connection: Host, Content-Length, Cookie\r\nContent-Length: 5\r\n", "hello", "POST /orders/{id}");
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
        await using var edge = StartEdge(backend, "internal");
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

    /// <summary>RFC 9110 section 7.6.1 speaks of header and trailer fields. Trailers reach clients of HTTP/2 only.</summary>
    [Fact]
    public async Task Trailers_that_a_backends_Connection_names_do_not_reach_the_client()
    {
        await using var backend = new ScriptedBackend
        {
            Answer =
            ("HTTP/1.1 200 OK\r\nConnection: X-Hop, close\r\nTrailer: X-Hop, X-Stays\r\nTransfer-Encoding: chunked\r\n\r\n"
                + "5\r\nhello\r\n0\r\nX-Hop: 1\r\nX-Stays: 1\r\nKeep-Alive: 1\r\nConnection: close\r\n\r\n", After.Close)
        };
        await using var edge = StartEdge(backend, "internal");
        using var client = ServiceHost.Http2Client();
        using var response = await client.GetAsync(new Uri(edge.Url("https"), "/catalog/x"), Cancelled);
        Assert.Equal("hello", await response.Content.ReadAsStringAsync(Cancelled));
        Assert.Equal("X-Stays", Assert.Single(response.TrailingHeaders).Key, ignoreCase: true);
    }

    /// <summary>RFC 9110 section 7.6.1: who sends TE says so in Connection. HTTP/2 has no Connection, and TE: trailers only.</summary>
    [Theory]
    [InlineData("internal", "2.0", "trailers")]
    [InlineData("internal", "1.1", "trailers, gzip")]
    [InlineData("internal-h2", "2.0", "trailers")]
    [InlineData("internal-h2", "1.1", "trailers, gzip")]
    [InlineData("internal-h2", "1.1", "gzip;q=0.5")]
    public async Task TE_is_sent_as_the_version_of_HTTP_allows(string upstream, string version, string value)
    {
        await using var edge = ServiceHost.Start<UpstreamOptions>([.. _backend.AsEveryService(), ("Edge:Upstream", upstream)]);
        using var client = ServiceHost.Http2Client();
        client.DefaultRequestVersion = new(version);
        client.DefaultRequestHeaders.TryAddWithoutValidation("TE", value);
        var id = Guid.NewGuid().ToString("N");
        (await client.GetAsync(new Uri(edge.Url("https"), $"/catalog/{id}"), Cancelled)).EnsureSuccessStatusCode().Dispose();
        var seen = Assert.Single(_backend.Seen(id)).Headers;
        Assert.Equal(upstream == "internal-h2" && version == "2.0" ? "trailers" : null, seen.GetValueOrDefault("TE"));
    }

    /// <summary>RFC 9113 section 8.2.2: a message over HTTP/2 with a field of HTTP/1.1 is malformed, a response as well.</summary>
    [Theory]
    [InlineData("connection", "close")]
    [InlineData("connection", "x-hop")]
    [InlineData("proxy-connection", "close")]
    [InlineData("keep-alive", "timeout=5")]
    [InlineData("transfer-encoding", "chunked")]
    [InlineData("upgrade", "websocket")]
    [InlineData("x-plain", "v")]
    public async Task A_response_over_HTTP2_with_a_field_of_HTTP_1_1_is_a_502(string name, string value)
    {
        var head = $"\u0088\0{(char)name.Length}{name}{(char)value.Length}{value}"; // :status 200, and a literal field.
        await using var backend = new ScriptedBackend
        {
            Answer = ($"{ScriptedBackend.Settings}\0\0{(char)head.Length}\u0001\u0005\0\0\0\u0001{head}", After.Nothing)
        };
        await using var edge = StartEdge(backend, "internal-h2");
        await using var connection = await RawConnection.OpenAsync(edge.Url("http"), Cancelled);
        await connection.SendAsync("GET /catalog/x HTTP/1.1\r\nHost: localhost\r\n\r\n", Cancelled);
        Assert.Equal(name == "x-plain" ? 200 : 502, (await connection.ReadAsync())?.Status);
    }

    private static ServiceHost StartEdge(ScriptedBackend backend, string upstream) => ServiceHost.Start<UpstreamOptions>(
        [("Edge:Upstream", upstream), ($"services:catalog:{upstream}:0", backend.Url),
            ("ReverseProxy:Clusters:catalog:HealthCheck:Active:Enabled", "false")]);
}
