using System.Net;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Topology.Edge.Upstreams;
using Topology.Tests.Hardening;
using Topology.Tests.Infrastructure;

namespace Topology.Tests.Edge;

/// <summary>WebSockets through the edge, from each version of HTTP to each: RFC 9110 section 7.8, RFC 6455 and RFC 8441.</summary>
public sealed class TunnelTests
{
    private const string Key = "dGhlIHNhbXBsZSBub25jZQ==";

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

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
                + $"13\r\nSec-WebSocket-Key: {Key}\r\n\r\n", Cancelled);
            Assert.Equal(426, (await connection.ReadAsync())?.Status);
        }
    }

    /// <summary>
    /// RFC 8441 section 5: extended CONNECT has no Connection, Upgrade and key, the handshake of RFC 6455 needs them; the other fields
    /// of the handshake are the same in both, and in both directions.
    /// </summary>
    [Theory]
    [InlineData("internal-h2", "1.1")]
    [InlineData("internal-h2", "2.0")]
    [InlineData("internal", "1.1")]
    [InlineData("internal", "2.0")]
    public async Task Each_side_sees_the_handshake_of_its_own_version(string upstream, string version)
    {
        await using var backend = await Recorder.StartAsync();
        await using var edge = ServiceHost.Start<UpstreamOptions>([.. backend.AsEveryService(), ("Edge:Upstream", upstream)]);
        Dictionary<string, string>? seen = null;
        backend.Answer = async context =>
        {
            seen = context.Request.Headers.ToDictionary(field => field.Key, field => $"{field.Value}", StringComparer.OrdinalIgnoreCase);
            context.Response.Headers.SecWebSocketProtocol = "b";
            context.Response.Headers.SecWebSocketExtensions = "x-some; y=1";
            await using var stream = await AcceptAsync(context);
        };
        using var response = await OpenAsync(edge, version);

        Assert.NotNull(seen);
        Assert.Equal(
            ("13", "a, b", "x-some; y=1, x-other"),
            (seen["Sec-WebSocket-Version"], seen["Sec-WebSocket-Protocol"], seen["Sec-WebSocket-Extensions"]));
        Assert.DoesNotContain("X-Hop", seen);
        // RFC 9110 section 7.6.3: the edge names itself in each request.
        Assert.Matches($"^{(version == "1.1" ? "1\\.1" : "2")} edge-", seen["Via"]);
        if (upstream == "internal")
        {
            // RFC 9110 section 7.8: who sends Upgrade says so in Connection.
            Assert.Equal("upgrade", seen["Connection"], ignoreCase: true);
            Assert.Equal("websocket", seen["Upgrade"]);
            Assert.Equal(16, Convert.FromBase64String(seen["Sec-WebSocket-Key"]).Length);
        }
        else
        {
            Assert.DoesNotContain(seen.Keys, name => name is "Connection" or "Upgrade" or "Sec-WebSocket-Key");
        }

        Assert.Equal(version == "1.1" ? HttpStatusCode.SwitchingProtocols : HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(("b", "x-some; y=1"), (Field(response, "Sec-WebSocket-Protocol"), Field(response, "Sec-WebSocket-Extensions")));
        (string?, string?, string?) expected = version == "1.1" ? ("Upgrade", "websocket", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=") : default;
        Assert.Equal(expected, (Field(response, "Connection"), Field(response, "Upgrade"), Field(response, "Sec-WebSocket-Accept")));
    }

    /// <summary>
    /// RFC 6455 section 5.4: an intermediary changes no fragmentation of control frames, nor of messages with reserved bits or
    /// extensions that it does not know. The edge knows none, so that every byte passes as it is.
    /// </summary>
    [Theory]
    [InlineData("internal-h2", "1.1")]
    [InlineData("internal-h2", "2.0")]
    [InlineData("internal", "1.1")]
    [InlineData("internal", "2.0")]
    public async Task Frames_pass_unchanged_in_both_directions(string upstream, string version)
    {
        byte[] frames =
        [
            0x01, 0x81, 1, 2, 3, 4, 0x60, // The first fragment of a text, of one byte.
            0x89, 0x82, 1, 2, 3, 4, 0x61, 0x62, // A ping between the fragments.
            0x00, 0x80, 1, 2, 3, 4, // A fragment without data.
            0x80, 0x81, 1, 2, 3, 4, 0x63, // The last one.
            0xF2, 0x81, 1, 2, 3, 4, 0x64, // All reserved bits.
            0x83, 0xFE, 0x00, 0x01, 1, 2, 3, 4, 0x65, // An opcode that nobody knows, and a length in more bytes than it needs.
            0x08, 0x80, 1, 2, 3, 4, // A control frame in fragments, which is wrong, but not for the edge to say.
        ];
        await using var backend = await Recorder.StartAsync();
        await using var edge = ServiceHost.Start<UpstreamOptions>([.. backend.AsEveryService(), ("Edge:Upstream", upstream)]);
        var received = new byte[frames.Length];
        backend.Answer = async context =>
        {
            await using var stream = await AcceptAsync(context);
            await stream.ReadExactlyAsync(received, Cancelled);
            await stream.WriteAsync(frames, Cancelled);
        };
        using var response = await OpenAsync(edge, version);
        await using var stream = await response.Content.ReadAsStreamAsync(Cancelled);
        await stream.WriteAsync(frames, Cancelled);
        await stream.FlushAsync(Cancelled);
        var returned = new byte[frames.Length];
        await stream.ReadExactlyAsync(returned, Cancelled).AsTask().WaitAsync(TimeSpan.FromSeconds(10), Cancelled);
        Assert.Equal(Convert.ToHexString(frames), Convert.ToHexString(received));
        Assert.Equal(Convert.ToHexString(frames), Convert.ToHexString(returned));
    }

    /// <summary>RFC 6455 section 4.4: the versions that a backend names instead reach the client.</summary>
    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task The_versions_that_a_backend_asks_for_reach_the_client(string version)
    {
        await using var backend = new ScriptedBackend
        {
            Answer =
            ("HTTP/1.1 400 Bad Request\r\nSec-WebSocket-Version: 25\r\nSec-WebSocket-Version: 8, 7\r\nContent-Length: 0\r\n\r\n",
                After.Close),
        };
        await using var edge = StartEdge(backend, "internal");
        using var response = await OpenAsync(edge, version);
        Assert.Equal((HttpStatusCode.BadRequest, "25, 8, 7"), (response.StatusCode, Field(response, "Sec-WebSocket-Version")));
    }

    /// <summary>RFC 9110 section 7.6.1, for a response that switches protocols.</summary>
    [Fact]
    public async Task Fields_that_Connection_names_do_not_pass_with_a_101()
    {
        await using var backend = new ScriptedBackend
        {
            Answer =
            ("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade, X-Hop\r\nUpgrade: websocket\r\nX-Hop: 1\r\nX-Stays: 1\r\n"
                + "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n", After.Nothing),
        };
        await using var edge = StartEdge(backend, "internal");
        using var response = await OpenAsync(edge, "1.1");
        Assert.Equal(
            (HttpStatusCode.SwitchingProtocols, null, "1", "Upgrade"),
            (response.StatusCode, Field(response, "X-Hop"), Field(response, "X-Stays"), Field(response, "Connection")));
    }

    /// <summary>RFC 8441 section 3: extended CONNECT is for servers that have announced it with a setting.</summary>
    [Fact]
    public async Task A_backend_that_does_not_announce_extended_CONNECT_is_sent_none()
    {
        await using var backend = new ScriptedBackend { Answer = (ScriptedBackend.Settings, After.Nothing) };
        await using var edge = StartEdge(backend, "internal-h2");
        using var response = await OpenAsync(edge, "1.1");
        Assert.Equal(HttpStatusCode.BadGateway, response.StatusCode);
        Assert.DoesNotContain("websocket", backend.Received, StringComparison.Ordinal);
    }

    private static ServiceHost StartEdge(ScriptedBackend backend, string upstream) => ServiceHost.Start<UpstreamOptions>(
        [("Edge:Upstream", upstream), ($"services:live:{upstream}:0", backend.Url),
            ("ReverseProxy:Clusters:live:HealthCheck:Active:Enabled", "false")]);

    /// <summary>A handshake of this version of HTTP. The response's content is the tunnel.</summary>
    private static async Task<HttpResponseMessage> OpenAsync(ServiceHost edge, string version)
    {
        var invoker = new HttpMessageInvoker(ServiceHost.Handler());
        var isHttp2 = version == "2.0";
        var request = new HttpRequestMessage(isHttp2 ? HttpMethod.Connect : HttpMethod.Get, new Uri(edge.Url("https"), "/live/socket"))
        {
            Version = new(version),
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Headers =
            {
                { "Sec-WebSocket-Version", "13" }, { "Sec-WebSocket-Protocol", "a, b" },
                { "Sec-WebSocket-Extensions", "x-some; y=1, x-other" },
            },
        };
        if (isHttp2)
        {
            request.Headers.Protocol = "websocket";
        }
        else
        {
            request.Headers.Add("Connection", "Upgrade, X-Hop");
            request.Headers.Add("Upgrade", "websocket");
            request.Headers.Add("Sec-WebSocket-Key", Key);
            request.Headers.Add("X-Hop", "1");
        }

        return await invoker.SendAsync(request, Cancelled).WaitAsync(TimeSpan.FromSeconds(15), Cancelled);
    }

    /// <summary>Opens the tunnel at a backend, without reading or writing frames.</summary>
    private static async Task<Stream> AcceptAsync(HttpContext context)
    {
        if (context.Features.Get<IHttpExtendedConnectFeature>() is { IsExtendedConnect: true } connect) return await connect.AcceptAsync();
        context.Response.Headers.Upgrade = "websocket";
#pragma warning disable CA5350 // RFC 6455 section 4.2.2 prescribes SHA-1.
        context.Response.Headers["Sec-WebSocket-Accept"] = Convert.ToBase64String(
            SHA1.HashData(Encoding.ASCII.GetBytes($"{context.Request.Headers.SecWebSocketKey}258EAFA5-E914-47DA-95CA-C5AB0DC85B11")));
#pragma warning restore CA5350
        return await context.Features.GetRequiredFeature<IHttpUpgradeFeature>().UpgradeAsync();
    }

    private static string? Field(HttpResponseMessage response, string name) =>
        response.Headers.TryGetValues(name, out var values) ? string.Join(", ", values) : null;
}
