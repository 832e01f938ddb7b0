using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Topology.Edge.Upstreams;
using Topology.Tests.Infrastructure;

namespace Topology.Tests.Hardening;

/// <summary>The control data of HTTP/2 requests: RFC 9113 sections 8.3 and 8.5, and RFC 8441.</summary>
public sealed class PseudoFieldTests : IAsyncLifetime
{
    private const short EnableConnectProtocol = 8; // RFC 8441 section 9.1.

    private readonly ConcurrentQueue<string> _tunnels = [];
    private Recorder _backend = null!;
    private ServiceHost _edge = null!;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    /// <summary>The public listeners with HTTP/2.</summary>
    private IEnumerable<(string Name, Uri Url)> Secured => [("edge", _edge.Url("https")), ("direct", _backend.Url("https"))];

    public async ValueTask InitializeAsync()
    {
        _backend = await Recorder.StartAsync();
        _backend.Answer = async context =>
        {
            if (!context.WebSockets.IsWebSocketRequest) return;
            _tunnels.Enqueue($"{context.Request.QueryString}");
            using var socket = await context.WebSockets.AcceptWebSocketAsync();
        };
        _edge = ServiceHost.Start<UpstreamOptions>(_backend.AsEveryService());
    }

    public async ValueTask DisposeAsync()
    {
        await _edge.DisposeAsync();
        await _backend.DisposeAsync();
    }

    /// <summary>RFC 8441 section 3: 1 allows it, and is never taken back.</summary>
    [Fact]
    public async Task The_setting_that_allows_extended_CONNECT_stays_1()
    {
        foreach (var (exposure, url) in Secured)
        {
            await using var connection = await RawHttp2.OpenAsync(url, 1 << 16, Cancelled);
            var values = new List<int>();
            for (var stream = 1; stream < 7; stream += 2)
            {
                await connection.AskAsync(stream, "GET", "/nothing", ends: true, Cancelled);
                await connection.WaitForAsync(
                    frame =>
                    {
                        if (frame.Type == Frame.Settings)
                        {
                            values.AddRange(
                                from setting in frame.Payload.Chunk(6)
                                where BinaryPrimitives.ReadInt16BigEndian(setting) == EnableConnectProtocol
                                select BinaryPrimitives.ReadInt32BigEndian(setting.AsSpan(2)));
                        }

                        return frame.Type == Frame.Headers && frame.Stream == stream;
                    }, Cancelled);
            }

            Assert.Equal((exposure, 1), (exposure, Assert.Single(values)));
        }
    }

    /// <summary>
    /// RFC 8441 section 4: with :protocol, a CONNECT has a whole target; without, it has only the authority (RFC 9113 section 8.5). And RFC
    /// 8441 section 5: it has no field of HTTP/1.1's handshake.
    /// </summary>
    [Theory]
    [InlineData(":method", ":protocol", ":authority", ":path")]
    [InlineData(":method", ":protocol", ":scheme", ":authority")]
    [InlineData(":method", ":protocol", ":scheme", ":path")]
    [InlineData(":protocol", ":scheme", ":authority", ":path")]
    [InlineData(":method", ":scheme", ":authority", ":path")]
    [InlineData(":method", ":authority")]
    [InlineData(":method", ":protocol", ":protocol", ":scheme", ":authority", ":path")]
    [InlineData(":method", ":protocol", ":scheme", ":authority", ":path", "connection")]
    [InlineData(":method", ":protocol", ":scheme", ":authority", ":path", "upgrade")]
    public async Task A_CONNECT_with_too_little_or_too_much_is_refused(params string[] names)
    {
        foreach (var (exposure, url) in Secured)
        {
            var id = Guid.NewGuid().ToString("N");
            var fields = names.Select(name => (name, name switch
            {
                ":method" => "CONNECT",
                ":protocol" => "websocket",
                ":scheme" => "https",
                ":authority" => "localhost",
                ":path" => $"/live/socket?{id}",
                _ => "upgrade",
            }));
            Assert.True(await IsRefusedAsync(url, [.. fields, ("sec-websocket-version", "13")]), exposure);
            AssertSeen(id, 0);
        }
    }

    /// <summary>What the tests above leave out or add is all that is wrong.</summary>
    [Fact]
    public async Task A_whole_extended_CONNECT_is_passed_on()
    {
        foreach (var (exposure, url) in Secured)
        {
            var id = Guid.NewGuid().ToString("N");
            Assert.False(
                await IsRefusedAsync(
                    url,
                    [(":method", "CONNECT"), (":protocol", "websocket"), (":scheme", "https"), (":authority", "localhost"),
                        (":path", $"/live/socket?{id}"), ("sec-websocket-version", "13")]),
                exposure);
            AssertSeen(id, 1);
        }
    }

    /// <summary>RFC 9113 section 8.3: before the fields, only those that are defined for requests, and none in trailers.</summary>
    [Theory]
    [InlineData("x-plain", ":path")]
    [InlineData(":path", "x-plain")]
    [InlineData(":path", ":status")]
    [InlineData(":path", ":protocol")]
    public async Task A_pseudo_header_field_has_its_place(string first, string second)
    {
        foreach (var (exposure, url) in Secured)
        {
            var id = Guid.NewGuid().ToString("N");
            (string, string)[] fields =
                [(":method", "GET"), (":scheme", "https"), (":authority", "localhost"), Field(first), Field(second)];
            var isInPlace = second == "x-plain";
            Assert.Equal((exposure, !isInPlace), (exposure, await IsRefusedAsync(url, fields)));
            AssertSeen(id, isInPlace ? 1 : 0);

            (string, string) Field(string name) => (name, name switch
            {
                ":path" => $"/catalog/{id}",
                ":status" => "200",
                ":protocol" => "websocket",
                _ => "v",
            });
        }
    }

    [Theory]
    [InlineData(":path", "/again", true)]
    [InlineData(":status", "200", true)]
    [InlineData("x-plain", "v", false)]
    public async Task A_trailer_is_no_pseudo_header_field(string name, string value, bool isRefused)
    {
        foreach (var (exposure, url) in Secured)
        {
            var id = Guid.NewGuid().ToString("N");
            await using var connection = await RawHttp2.OpenAsync(url, 1 << 16, Cancelled);
            await connection.AskAsync(1, "POST", $"/orders/{id}", ends: false, Cancelled);
            await connection.SendAsync(1, "hello"u8.ToArray(), Cancelled);
            await connection.SendHeadAsync(1, ends: true, Cancelled, (name, value));
            Assert.Equal((exposure, isRefused), (exposure, await IsRefusedAsync(connection)));
            Assert.Equal(isRefused ? 0 : 1, _backend.Seen(id).Count(request => request.IsWhole));
        }
    }

    /// <summary>
    /// RFC 8441 section 4: the server opens no tunnel to the host in :authority. Neither does a CONNECT without :protocol, which asks for
    /// one.
    /// </summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task No_tunnel_goes_to_the_authority(bool isExtended)
    {
        using var trap = new TcpListener(IPAddress.Loopback, 0);
        trap.Start();
        foreach (var (exposure, url) in Secured)
        {
            var id = Guid.NewGuid().ToString("N");
            (string, string)[] fields = [(":method", "CONNECT"), (":authority", $"localhost:{((IPEndPoint)trap.LocalEndpoint).Port}")];
            if (isExtended)
            {
                fields = [.. fields, (":protocol", "websocket"), (":scheme", "https"), (":path", $"/live/socket?{id}"),
                    ("sec-websocket-version", "13")];
            }

            Assert.Equal((exposure, !isExtended), (exposure, await IsRefusedAsync(url, fields)));
            AssertSeen(id, isExtended ? 1 : 0);
        }

        Assert.False(trap.Pending());
    }

    private void AssertSeen(string id, int times) =>
        Assert.Equal(times, _backend.Seen(id).Count + _tunnels.Count(query => query.EndsWith(id, StringComparison.Ordinal)));

    private static async Task<bool> IsRefusedAsync(Uri url, params (string, string)[] fields)
    {
        await using var connection = await RawHttp2.OpenAsync(url, 1 << 16, Cancelled);
        await connection.SendHeadAsync(1, ends: true, Cancelled, fields);
        return await IsRefusedAsync(connection);
    }

    /// <summary>Whether the stream or the connection is broken off, or the status is 400: not 200.</summary>
    private static async Task<bool> IsRefusedAsync(RawHttp2 connection)
    {
        const byte Ok = 0x88, BadRequest = 0x8C; // Indexed :status 200 and 400, RFC 7541 appendix A.
        var frame = await connection.WaitForAsync(frame => frame.Type is Frame.Headers or Frame.Reset or Frame.GoAway, Cancelled);
        if (frame.Type != Frame.Headers) return true;
        var status = frame.Payload.First(octet => (octet & 0xE0) != 0x20); // Skips a change of the table size.
        Assert.True(status is Ok or BadRequest, $"Neither 200 nor 400: {status:X}");
        return status == BadRequest;
    }
}
