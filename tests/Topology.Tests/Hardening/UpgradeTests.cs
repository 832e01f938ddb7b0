using System.Net;
using Topology.Edge.Upstreams;
using Topology.Tests.Infrastructure;

namespace Topology.Tests.Hardening;

/// <summary>Upgrades work only on routes that support them, RFC 9110 section 7.8 and RFC 6455 section 4.</summary>
public sealed class UpgradeTests(HardeningFixture fixture) : IAsyncLifetime
{
    private const string Handshake =
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

    private readonly ServiceHost _live = ServiceHost.Start<Topology.Live.Events.Tick>();
    private readonly List<(string Name, ServiceHost Host)> _exposures = [];

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync()
    {
        _exposures.Add(("direct", _live));
        foreach (var upstream in (string[])["internal-h2", "internal", "internal-tls"])
        {
            _exposures.Add(
                ($"edge, {upstream}",
                ServiceHost.Start<UpstreamOptions>([("Edge:Upstream", upstream), .. ServiceHost.Discovery("live", _live)])));
        }

        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var (_, host) in _exposures) await host.DisposeAsync();
    }

    [Theory]
    [InlineData("POST")]
    [InlineData("PUT")]
    [InlineData("HEAD")]
    [InlineData("OPTIONS")]
    [InlineData("FOO")]
    public async Task A_WebSocket_is_opened_with_GET_only(string method)
    {
        foreach (var fields in (string[])[Handshake, ""])
        {
            foreach (var (exposure, answer) in await AskAllAsync(
                $"{method} /live/socket HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n", method == "HEAD"))
            {
                Assert.Equal((exposure, 405, "GET"), (exposure, answer.Status, answer.Header("allow")));
            }
        }
    }

    [Fact]
    public async Task On_other_routes_the_offer_is_ignored()
    {
        foreach (var target in (string[])["/live/whoami", "/live/events?count=1"])
        {
            foreach (var (exposure, answer) in await AskAllAsync($"GET {target} HTTP/1.1\r\nHost: localhost\r\n{Handshake}\r\n"))
            {
                Assert.Equal((exposure, target, 200), (exposure, target, answer.Status));
            }
        }

        foreach (var (exposure, answer) in await AskAllAsync($"GET /live/nothing HTTP/1.1\r\nHost: localhost\r\n{Handshake}\r\n"))
        {
            Assert.Equal((exposure, 404), (exposure, answer.Status));
        }
    }

    /// <summary>Like curl --http2 with a cleartext address.</summary>
    [Theory]
    [InlineData("websocket")]
    [InlineData("h2c")]
    public async Task A_body_passes_beside_an_offer(string protocol)
    {
        foreach (var (exposure, url) in fixture.Exposures)
        {
            var id = Guid.NewGuid().ToString("N");
            await using var connection = await RawConnection.OpenAsync(url, Cancelled);
            await connection.SendAsync(
                $"POST /orders/{id} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: {protocol}\r\nContent-Length: "
                + $"5\r\n\r\nhello", Cancelled);
            Assert.Equal((exposure, 200), (exposure, (await connection.ReadAsync())?.Status ?? 0));
            Assert.Equal("hello", Assert.Single(fixture.Recorder.Seen(id)).Body);
        }
    }

    [Theory]
    [InlineData("", 426)]
    [InlineData("Connection: Upgrade\r\nUpgrade: h2c\r\n", 426)]
    [InlineData("Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", 426)]
    [InlineData(
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 8\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", 426)]
    [InlineData("Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", 426)]
    [InlineData("Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n", 400)]
    [InlineData("Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: short\r\n", 400)]
    public async Task An_invalid_handshake_is_refused_with_the_required_upgrade(string fields, int expected)
    {
        foreach (var (exposure, answer) in await AskAllAsync($"GET /live/socket HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n"))
        {
            Assert.Equal((exposure, expected, "application/problem+json"), (exposure, answer.Status, answer.Header("content-type")));
            if (expected == 426)
            {
                Assert.Equal((exposure, "websocket", "13"), (exposure, answer.Header("upgrade"), answer.Header("sec-websocket-version")));
                Assert.Contains("Upgrade", answer.Header("connection"), StringComparison.OrdinalIgnoreCase);
            }
        }
    }

    [Fact]
    public async Task A_handshake_is_answered_as_RFC_6455_says()
    {
        foreach (var (exposure, answer) in await AskAllAsync($"GET /live/socket HTTP/1.1\r\nHost: localhost\r\n{Handshake}\r\n"))
        {
            Assert.Equal(
                (exposure, 101, "websocket", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
                (exposure, answer.Status, answer.Header("upgrade"), answer.Header("sec-websocket-accept")));
            Assert.Equal("upgrade", answer.Header("connection"), ignoreCase: true);
        }
    }

    [Theory]
    [InlineData("GET", "13", HttpStatusCode.BadRequest)]
    [InlineData("CONNECT", "8", HttpStatusCode.BadRequest)]
    [InlineData("POST", "13", HttpStatusCode.MethodNotAllowed)]
    public async Task Over_HTTP2_only_an_extended_CONNECT_opens_one(string method, string version, HttpStatusCode expected)
    {
        foreach (var (exposure, host) in _exposures)
        {
            using var invoker = new HttpMessageInvoker(ServiceHost.Handler());
            using var request = new HttpRequestMessage(new(method), new Uri(host.Url("https"), "/live/socket"))
            {
                Version = HttpVersion.Version20,
                VersionPolicy = HttpVersionPolicy.RequestVersionExact,
                Headers = { { "Sec-WebSocket-Version", version } },
            };
            if (method == "CONNECT") request.Headers.Protocol = "websocket";
            using var response = await invoker.SendAsync(request, Cancelled);
            Assert.Equal((exposure, expected), (exposure, response.StatusCode));
            // RFC 6455 section 4.4 also holds here; RFC 9113 section 8.2.2 leaves no place for Upgrade.
            Assert.Equal(
                expected == HttpStatusCode.BadRequest ? "13" : null,
                response.Headers.TryGetValues("Sec-WebSocket-Version", out var versions) ? string.Join(", ", versions) : null);
            Assert.DoesNotContain(response.Headers, header => header.Key is "Upgrade" or "Connection");
        }
    }

    /// <summary>
    /// RFC 9110 section 7.8: a server does not switch if the new protocol cannot carry what the message means, such as a body, and not
    /// before a 100 that the client expects.
    /// </summary>
    [Theory]
    [InlineData("Content-Length: 5\r\n", "hello")]
    [InlineData("Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\n\r\n")]
    [InlineData("Expect: 100-continue\r\n", "")]
    public async Task What_a_WebSocket_cannot_carry_is_not_switched(string field, string body)
    {
        foreach (var (exposure, answer) in await AskAllAsync(
            $"GET /live/socket HTTP/1.1\r\nHost: localhost\r\n{field}{Handshake}\r\n{body}"))
        {
            Assert.True(answer.Status is >= 400 and < 500, $"{exposure}: {answer.Status}");
        }
    }

    private async Task<List<(string Exposure, RawAnswer Answer)>> AskAllAsync(string request, bool hasNoBody = false)
    {
        var answers = new List<(string, RawAnswer)>();
        foreach (var (name, host) in _exposures)
        {
            foreach (var listener in (string[])["http", "https"])
            {
                await using var connection = await RawConnection.OpenAsync(host.Url(listener), Cancelled);
                await connection.SendAsync(request, Cancelled);
                answers.Add(($"{name}, {listener}", (await connection.ReadAsync(hasNoBody))!));
            }
        }

        return answers;
    }
}
