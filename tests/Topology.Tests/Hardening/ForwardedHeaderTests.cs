using System.Text;
using Topology.Edge.Upstreams;
using Topology.Hardening;
using Topology.Hardening.Forwarding;
using Topology.Tests.Infrastructure;

namespace Topology.Tests.Hardening;

/// <summary>What a backend sees of a client that claims to be another one, for each path.</summary>
public sealed class ForwardedHeaderTests(HardeningFixture fixture)
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("direct", "http", "http localhost:{port} client=loopback path=direct")]
    [InlineData("direct", "https", "https localhost:{port} client=loopback path=direct")]
    [InlineData(
        "edge", "http",
        "http localhost:{port} client=loopback path=edge | X-Original-For X-Original-Host X-Original-Proto X-Topology-Edge")]
    [InlineData(
        "edge", "https",
        "https localhost:{port} client=loopback path=edge | X-Original-For X-Original-Host X-Original-Proto X-Topology-Edge")]
    [InlineData(
        "edge-tls", "http",
        "http localhost:{port} client=loopback path=edge-tls | X-Original-For X-Original-Host X-Original-Proto X-Topology-Edge")]
    [InlineData(
        "edge-tls", "https",
        "https localhost:{port} client=loopback path=edge-tls | X-Original-For X-Original-Host X-Original-Proto X-Topology-Edge")]
    public async Task Client_claims_are_dropped_and_edge_headers_are_trusted(string path, string listener, string expected)
    {
        await using var recorder = await Recorder.StartAsync();
        var seen = "";
        recorder.Answer = context =>
        {
            var request = context.Request;
            var client = context.Connection.RemoteIpAddress!;
            var rest = UntrustedHeaders.All.Append("X-Topology-Edge").Where(request.Headers.ContainsKey).Order();
            seen = new StringBuilder(
                $"{request.Scheme} {request.Host} "
                + $"client={(System.Net.IPAddress.IsLoopback(client) ? "loopback" : client)} ")
                .Append($"path={Topology.ServiceDefaults.Paths.PathExtensions.GetTopologyPath(context)}")
                .Append(rest.Any() ? $" | {string.Join(' ', rest)}" : "").ToString();
            return Task.CompletedTask;
        };
        await using var edge = path == "direct" ? null
            : ServiceHost.Start<UpstreamOptions>(
            [.. recorder.AsEveryService(), ("Topology:Path", path), ("Edge:Upstream", path == "edge" ? "internal-h2" : "internal-tls")]);
        var url = edge?.Url(listener) ?? recorder.Url(listener);

        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(url, "/catalog/x"));
        foreach (var name in UntrustedHeaders.All)
        {
            request.Headers.TryAddWithoutValidation(name, name.Contains("For", StringComparison.Ordinal) ? "203.0.113.9" : "evil.example");
        }
        request.Headers.Add("X-Topology-Edge", "nginx");
        using var client = new HttpClient(ServiceHost.Handler());
        using var response = await client.SendAsync(request, Cancelled);
        Assert.Equal(expected.Replace("{port}", $"{url.Port}", StringComparison.Ordinal), seen);
    }

    /// <summary>Repeated here, so that the test notices a name that is missing in the product.</summary>
    [Theory]
    [InlineData("X-Forwarded-Ssl")]
    [InlineData("X-Forwarded-Protocol")]
    [InlineData("x-forwarded-anything-else")]
    [InlineData("X_Forwarded_For")]
    [InlineData("X-Original-Anything")]
    [InlineData("X-MS-CLIENT-PRINCIPAL-NAME")]
    [InlineData("Front-End-Https")]
    [InlineData("CF-Connecting-IP")]
    [InlineData("True-Client-IP")]
    [InlineData("X-Cluster-Client-IP")]
    [InlineData("X-Azure-ClientIP")]
    [InlineData("X-ARR-ClientCert")]
    [InlineData("Client-Cert")]
    [InlineData("SSL_Client_Cert")]
    [InlineData("Proxy")]
    [InlineData("baggage")]
    [InlineData("Correlation-Context")]
    [InlineData("Request-Id")]
    [InlineData("b3")]
    [InlineData("X-B3-TraceId")]
    [InlineData("X-B3-Sampled")]
    [InlineData("uber-trace-id")]
    [InlineData("Content_Length")]
    [InlineData("Transfer_Encoding")]
    [InlineData("X_Anything")]
    public async Task What_other_proxies_and_platforms_would_say_is_dropped_too(string name)
    {
        var id = Guid.NewGuid().ToString("N");
        foreach (var (exposure, url) in fixture.Exposures)
        {
            await using var connection = await RawConnection.OpenAsync(url, Cancelled);
            await connection.SendAsync(
                $"GET /catalog/{id} HTTP/1.1\r\nHost: localhost\r\n{name}: 203.0.113.9\r\nX-Harmless: 1\r\n\r\n", Cancelled);
            Assert.Equal((exposure, (int?)200), (exposure, (await connection.ReadAsync())?.Status));
        }

        Assert.Equal(fixture.Exposures.Count(), fixture.Recorder.Seen(id).Count);
        Assert.All(fixture.Recorder.Seen(id), request => Assert.DoesNotContain(name, request.Headers));
        Assert.All(fixture.Recorder.Seen(id), request => Assert.Contains("X-Harmless", request.Headers));
    }

    [Theory]
    [InlineData("10.0.0.0/8", "203.0.113.9", "127.0.0.1")] // This proxy is not known.
    [InlineData("127.0.0.0/8;::1", "203.0.113.9", "203.0.113.9")]
    [InlineData("127.0.0.0/8;::1", "198.51.100.1, 203.0.113.9", "203.0.113.9")] // One hop: the address that the last proxy saw.
    [InlineData("127.0.0.0/8;::1", "nonsense", "127.0.0.1")]
    public async Task Internal_listeners_trust_known_proxies_for_one_hop(string known, string forwarded, string expected)
    {
        await using var recorder =
            await Recorder.StartAsync([.. known.Split(';').Index().Select(entry => ($"Topology:KnownProxies:{entry.Index}", entry.Item))]);
        var seen = "";
        recorder.Answer = context =>
        {
            seen = context.Connection.RemoteIpAddress!.MapToIPv4().ToString();
            return Task.CompletedTask;
        };
        await using var connection = await RawConnection.OpenAsync(recorder.Url("internal"), Cancelled);
        await connection.SendAsync(
            $"GET /catalog/x HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: {forwarded}\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: "
            + $"localhost\r\n\r\n", Cancelled);
        Assert.Equal(200, (await connection.ReadAsync())?.Status);
        Assert.Equal(expected, seen);
    }

    /// <summary>For example Front Door before an ingress: each adds the address that it sees.</summary>
    [Theory]
    [InlineData(1, "203.0.113.9, 198.51.100.1", "198.51.100.1")]
    [InlineData(2, "203.0.113.9, 198.51.100.1", "203.0.113.9")]
    [InlineData(2, "192.0.2.66, 203.0.113.9, 198.51.100.1", "203.0.113.9")]
    [InlineData(2, "203.0.113.9", "203.0.113.9")]
    [InlineData(2, "192.0.2.66, 203.0.113.9", "203.0.113.9")] // The proxy in the middle is unknown, so it counts as the client.
    public async Task Behind_several_proxies_the_listener_of_the_ingress_sees_the_client_and_counts_it(
        int hops, string forwarded, string expected)
    {
        await using var recorder = await Recorder.StartAsync(
            [("Topology:IngressForwardLimit", $"{hops}"), ("Topology:KnownProxies:0", "127.0.0.0/8;::1;198.51.100.0/24"),
                ("Topology:Limits:RequestBurst", "2"), ("Topology:Limits:RequestsPerSecond", "1")]);
        var seen = "";
        recorder.Answer = context =>
        {
            seen = context.Connection.RemoteIpAddress!.MapToIPv4().ToString();
            return Task.CompletedTask;
        };
        Assert.Equal([200, 200, 429], [await AskAsync(forwarded), await AskAsync(forwarded), await AskAsync(forwarded)]);
        Assert.Equal(expected, seen);
        // Another client through the same proxies.
        Assert.Equal(hops == 1 ? 429 : 200, await AskAsync("203.0.113.10, 198.51.100.1"));

        async Task<int?> AskAsync(string addresses)
        {
            await using var connection = await RawConnection.OpenAsync(recorder.Url("ingress"), Cancelled);
            await connection.SendAsync(
                $"GET /catalog/x HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: {addresses}\r\nX-Forwarded-Proto: "
                + $"{string.Join(", ", addresses.Split(',').Select(_ => "https"))}\r\n\r\n", Cancelled);
            return (await connection.ReadAsync())?.Status;
        }
    }

    [Fact]
    public async Task A_repeated_forwarded_header_is_dropped_on_public_listeners_whatever_its_case()
    {
        var id = Guid.NewGuid().ToString("N");
        foreach (var (_, url) in fixture.Exposures)
        {
            await using var connection = await RawConnection.OpenAsync(url, Cancelled);
            await connection.SendAsync(
                $"GET /catalog/{id} HTTP/1.1\r\nHost: localhost\r\nx-forwarded-for: 203.0.113.9\r\nX-FORWARDED-FOR: "
                + $"203.0.113.9\r\nforwarded: for=203.0.113.9\r\n\r\n", Cancelled);
            Assert.Equal(200, (await connection.ReadAsync())?.Status);
        }

        Assert.All(
            fixture.Recorder.Seen(id), request =>
            Assert.DoesNotContain(request.Headers.Values, value => value.Contains("203.0.113.9", StringComparison.Ordinal)));
    }
}
