using System.Net;
using Grpc.Core;
using Grpc.Net.Client;
using Topology.Catalog.Items;
using Topology.Edge.Upstreams;
using Topology.Tests.Hardening;
using Topology.Tests.Infrastructure;

namespace Topology.Tests.Edge;

/// <summary>What each path says to methods, through the edge and direct.</summary>
public sealed class MethodTests : IAsyncLifetime
{
    private readonly ServiceHost _catalog = ServiceHost.Start<ItemStore>();
    private readonly ServiceHost _live = ServiceHost.Start<Topology.Live.Events.Tick>();
    private readonly ServiceHost _media = ServiceHost.Start<Topology.Media.Content.Upload>();
    private ServiceHost _edge = null!;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync()
    {
        _edge = ServiceHost.Start<UpstreamOptions>(
            [.. ServiceHost.Discovery("catalog", _catalog), .. ServiceHost.Discovery("live", _live),
            .. ServiceHost.Discovery("media", _media)]);
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var host in (ServiceHost[])[_edge, _catalog, _live, _media]) await host.DisposeAsync();
    }

    [Theory]
    [InlineData("/nothing")]
    [InlineData("/a/b")]
    [InlineData("/live/nothing")]
    [InlineData("/health")]
    [InlineData("/")]
    public async Task What_is_not_routed_is_404_to_every_method(string path)
    {
        foreach (var method in (string[])["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "FOO"])
        {
            foreach (var host in (ServiceHost[])[_edge, _live])
            {
                var answer = await AskAsync(host, method, path);
                Assert.Equal((host == _edge, method, 404, null), (host == _edge, method, answer.Status, answer.Header("allow")));
            }
        }
    }

    [Theory]
    [InlineData("catalog.localhost", "/items/1")]
    [InlineData("catalog.localhost", "/nothing")]
    [InlineData("media.localhost", "/10")]
    public async Task A_site_takes_its_own_methods(string host, string path)
    {
        var answer = await AskAsync(_edge, "POST", path, host);
        Assert.Equal(
            (405, "GET, HEAD", "application/problem+json"), (answer.Status, answer.Header("allow"), answer.Header("content-type")));
        Assert.NotEqual(405, (await AskAsync(_edge, "HEAD", path, host)).Status);
    }

    [Fact]
    public async Task Under_a_sites_name_no_other_path_answers()
    {
        foreach (var method in (string[])["GET", "POST"])
        {
            var answer = await AskAsync(_edge, method, "/catalog/items/1", "media.localhost");
            Assert.Equal((method, method == "GET" ? 404 : 405), (method, answer.Status));
        }
    }

    /// <summary>RFC 9110 section 9.1: HEAD wherever GET is.</summary>
    [Theory]
    [InlineData("/live/whoami")]
    [InlineData("/live/events?count=1")]
    [InlineData("/live/events")]
    [InlineData("/catalog/whoami")]
    [InlineData("/catalog/items/1")]
    [InlineData("/media/whoami")]
    [InlineData("/media/10")]
    public async Task HEAD_is_answered_where_GET_is(string path)
    {
        var direct = path.StartsWith("/live", StringComparison.Ordinal) ? _live : path.StartsWith("/media", StringComparison.Ordinal)
            ? _media : _catalog;
        foreach (var host in (ServiceHost[])[direct, _edge])
        {
            var head = await AskAsync(host, "HEAD", path);
            Assert.Equal((host == _edge, 200), (host == _edge, head.Status));
            if (path == "/live/events") Assert.Equal("text/event-stream", head.Header("content-type"));
            var refused = await AskAsync(host, "DELETE", path);
            Assert.Equal((host == _edge, 405), (host == _edge, refused.Status));
            Assert.Equal(["GET", "HEAD"], refused.Header("allow")!.Split(", ").Order());
        }
    }

    [Fact]
    public async Task POST_to_events_is_405()
    {
        foreach (var host in (ServiceHost[])[_live, _edge])
        {
            var answer = await AskAsync(host, "POST", "/live/events");
            Assert.Equal((host == _edge, 405), (host == _edge, answer.Status));
        }
    }

    [Theory]
    [InlineData("/topology.live.v1.Nothing/Unary")]
    [InlineData("/topology.live.v1.Echo/Nothing")]
    [InlineData("/a.b/c")]
    public async Task A_grpc_method_that_is_not_there_is_UNIMPLEMENTED(string path)
    {
        foreach (var host in (ServiceHost[])[_live, _edge])
        {
            using var channel = GrpcChannel.ForAddress(host.Url("https"), new() { HttpHandler = ServiceHost.Handler() });
            var parts = path.Trim('/').Split('/');
            var marshaller = Marshallers.Create<byte[]>(value => value, value => value);
            var call = channel.CreateCallInvoker().AsyncUnaryCall(
                new Method<byte[], byte[]>(MethodType.Unary, parts[0], parts[1], marshaller, marshaller), null,
                    new CallOptions(cancellationToken: Cancelled), []);
            var failure = await Assert.ThrowsAsync<RpcException>(() => call.ResponseAsync);
            Assert.Equal((host == _edge, StatusCode.Unimplemented), (host == _edge, failure.StatusCode));
        }
    }

    [Theory]
    [InlineData("application/grpc", true)]
    [InlineData("application/grpc+proto", true)]
    [InlineData("application/grpc-web", false)]
    public async Task Grpc_over_HTTP_1_1_is_refused_so_that_the_client_knows(string type, bool isRefused)
    {
        foreach (var host in (ServiceHost[])[_live, _edge])
        {
            await using var connection = await RawConnection.OpenAsync(host.Url("http"), Cancelled);
            await connection.SendAsync(
                $"POST /topology.live.v1.Echo/Unary HTTP/1.1\r\nHost: localhost\r\nContent-Type: {type}\r\nTE: trailers\r\nContent-Length: "
                + $"5\r\n\r\n\0\0\0\0\0", Cancelled);
            var answer = (await connection.ReadAsync())!;
            if (isRefused) Assert.Equal((host == _edge, 505, "13"), (host == _edge, answer.Status, answer.Header("grpc-status")));
            else Assert.Contains("grpc-status: 0", answer.Body, StringComparison.Ordinal);
        }
    }

    private static async Task<RawAnswer> AskAsync(ServiceHost service, string method, string path, string host = "localhost")
    {
        await using var connection = await RawConnection.OpenAsync(service.Url("http"), Cancelled);
        await connection.SendAsync($"{method} {path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 0\r\n\r\n", Cancelled);
        return (await connection.ReadAsync(hasNoBody: method == "HEAD"))!;
    }
}
