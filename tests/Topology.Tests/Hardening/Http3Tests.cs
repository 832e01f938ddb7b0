using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Topology.Hardening;
using Topology.Hardening.Limits;
using Topology.Media.Content;
using Topology.ServiceDefaults.Diagnostics;
using Topology.Tests.Infrastructure;

namespace Topology.Tests.Hardening;

/// <summary>HTTP/3 has the features and limits of HTTP/1.1 and HTTP/2.</summary>
public sealed class Http3Tests(HardeningFixture fixture)
{
    private const string Section = PublicLimits.Section;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("edge")]
    [InlineData("direct")]
    public async Task It_is_advertised_and_answers_on_both_loopback_addresses(string exposure)
    {
        Http3.Require();
        var url = Url(exposure);
        using var tcp = new HttpClient(ServiceHost.Handler());
        using var advertised = await tcp.GetAsync(new Uri(url, "/catalog/x"), Cancelled);
        Assert.Equal($"h3=\":{url.Port}\"", advertised.Headers.GetValues("Alt-Svc").Single());

        foreach (var host in (string[])["localhost", "127.0.0.1", "[::1]"])
        {
            using var client = Http3.Client(new UriBuilder(url) { Host = host }.Uri);
            using var response = await client.GetAsync("/catalog/x", Cancelled);
            Assert.Equal((HttpStatusCode.OK, HttpVersion.Version30), (response.StatusCode, response.Version));
        }
    }

    [Theory]
    [InlineData("edge")]
    [InlineData("direct")]
    public async Task What_is_refused_reaches_no_backend(string exposure)
    {
        Http3.Require();
        var id = Guid.NewGuid().ToString("N");
        using var handler = ServiceHost.Handler();
        using var client = Http3.Client(Url(exposure), handler);

        await AssertAsync(400, HttpMethod.Get, $"/catalog//{id}");
        await AssertAsync(
            413, HttpMethod.Post, $"/orders/{id}", request => request.Content = new ByteArrayContent(new byte[64 * 1024 + 1]));
        await AssertAsync(431, HttpMethod.Get, $"/catalog/{id}", request =>
        {
            for (var i = 0; i < 101; i++) request.Headers.Add($"X-{i}", "v");
        });
        await AssertAsync(501, HttpMethod.Trace, $"/catalog/{id}");
        Assert.Empty(fixture.Recorder.Seen(id));

        async Task AssertAsync(int status, HttpMethod method, string path, Action<HttpRequestMessage>? change = null)
        {
            using var request = Http3.Message(method, path);
            change?.Invoke(request);
            using var response = await client.SendAsync(request, Cancelled);
            Assert.Equal(
                (status, "application/problem+json", HttpVersion.Version30),
                ((int)response.StatusCode, response.Content.Headers.ContentType?.MediaType, response.Version));
        }
    }

    [Theory]
    [InlineData("ConnectionsPerClient", "none")]
    [InlineData("Connections", "127.0.0.0/8")]
    public async Task Its_connections_count_with_those_of_TCP_and_one_that_ends_makes_room(string limit, string uncounted)
    {
        Http3.Require();
        await using var few = await Recorder.StartAsync(
            [($"{Section}:{limit}", "3"), ($"{Section}:UncountedClients", uncounted), ($"{Section}:HandshakeTimeout", "00:01:00")]);
        var url = new UriBuilder(few.Url("https")) { Host = "127.0.0.1" }.Uri;
        await using var tcp = await RawConnection.OpenAsync(url, Cancelled);
        using var first = Http3.Client(url);
        using var second = Http3.Client(url);
        foreach (var client in (HttpClient[])[first, second]) (await client.GetAsync("/catalog/x", Cancelled)).Dispose();

        Assert.Equal(0x107, await Http3.RefusalAsync(url, Cancelled)); // H3_EXCESSIVE_LOAD
        await using (
            var above =
            await RawConnection.TryOpenAsync(new Uri($"http://localhost:{url.Port}"), Cancelled)) // Closed before any TLS.
        {
            Assert.True(above is null || await above.IsClosedAsync());
        }

        first.Dispose();
        await Eventually.TrueAsync(async () => await Http3.RefusalAsync(url, Cancelled) is null);
    }

    [Theory]
    [InlineData("RequestBurst", HttpStatusCode.TooManyRequests)]
    [InlineData("ConcurrentRequests", HttpStatusCode.ServiceUnavailable)]
    public async Task Its_requests_count(string limit, HttpStatusCode expected)
    {
        Http3.Require();
        await using var few = await Recorder.StartAsync(
            [($"{Section}:{limit}", "1"), ($"{Section}:RequestsPerSecond", "1"), ($"{Section}:QueuedRequests", "0"),
            ($"{Section}:UncountedClients", "none")]);
        few.Answer = _ => Task.Delay(500, Cancelled);
        using var client = Http3.Client(few.Url("https"));
        var answers = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => client.GetAsync("/catalog/x", Cancelled)));
        Assert.Equal([HttpStatusCode.OK, expected], answers.Select(answer => answer.StatusCode).Distinct().Order());
    }

    [Fact]
    public async Task An_idle_connection_ends()
    {
        Http3.Require();
        await using var brief = await Recorder.StartAsync([($"{Section}:KeepAlive", "00:00:01")]);
        var connections = new List<string>();
        brief.Answer = context =>
        {
            connections.Add(context.Connection.Id);
            return Task.CompletedTask;
        };
        using var client = Http3.Client(brief.Url("https"));
        foreach (var idle in (int[])[0, 0, 4])
        {
            await Task.Delay(TimeSpan.FromSeconds(idle), Cancelled);
            (await client.GetAsync("/catalog/x", Cancelled)).Dispose();
        }

        Assert.Equal(connections[0], connections[1]);
        Assert.NotEqual(connections[1], connections[2]);
    }

    [Fact]
    public async Task Slow_requests_and_slow_reads_are_aborted()
    {
        Http3.Require();
        await using var slow = await Recorder.StartAsync(
            [($"{Section}:RateGrace", "00:00:01.1"), ($"{Section}:RequestBytesPerSecond", "1000"),
            ($"{Section}:ResponseBytesPerSecond", "100000000")]);
        using var client = Http3.Client(slow.Url("https"));
        await Assert.ThrowsAsync<HttpRequestException>(() => client.PostAsync("/orders/x", new Stalled(), Cancelled));

        var aborted = new TaskCompletionSource();
        slow.Answer = async context =>
        {
            context.RequestAborted.Register(aborted.SetResult);
            while (!context.RequestAborted.IsCancellationRequested)
            {
                await context.Response.Body.WriteAsync(new byte[1 << 20], context.RequestAborted);
            }
        };
        using var unread = await client.GetAsync("/catalog/x", HttpCompletionOption.ResponseHeadersRead, Cancelled);
        await aborted.Task.WaitAsync(TimeSpan.FromSeconds(10), Cancelled);
    }

    [Fact]
    public async Task It_is_not_advertised_on_a_free_port_which_only_TCP_can_take()
    {
        Http3.Require();
        await using var free = await Recorder.StartAsync([("Topology:Listeners:https", "0")]);
        var addresses = free.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses;
        using var client = new HttpClient(ServiceHost.Handler());
        using var response = await client.GetAsync(
            new Uri(new Uri(addresses.Single(address => address.StartsWith("https://127.0.0.1:", StringComparison.Ordinal))), "/catalog/x"),
            Cancelled);
        Assert.False(response.Headers.Contains("Alt-Svc"));
    }

    private Uri Url(string exposure) => exposure == "edge" ? fixture.Edge.Url("https") : fixture.Recorder.Url("https");

    /// <summary>A body that stalls.</summary>
    private sealed class Stalled : HttpContent
    {
        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
            SerializeToStreamAsync(stream, context, Cancelled);

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
        {
            await stream.WriteAsync("slow"u8.ToArray(), cancellationToken);
            await stream.FlushAsync(cancellationToken);
            await Task.Delay(Timeout.Infinite, cancellationToken);
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
