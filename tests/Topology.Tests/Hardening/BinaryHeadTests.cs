using System.Buffers.Binary;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using Topology.Hardening.Certificates;
using Topology.Tests.Infrastructure;

namespace Topology.Tests.Hardening;

/// <summary>HTTP/2 heads that no client library sends.</summary>
public sealed class BinaryHeadTests(HardeningFixture fixture)
{
    private const byte Ok = 0x88; // Indexed :status 200, RFC 7541 appendix A.
    private const byte BadRequest = 0x8C; // Indexed :status 400.
    private const byte HeadersFrame = 1;
    private const byte ResetFrame = 3;
    private const byte GoAwayFrame = 7;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public static TheoryData<string, string> Malformed => new()
    {
        { "x y", "v" },
        { "x\r\ny: z", "v" },
        { "x:y", "v" },
        { "", "v" },
        { "x\u00e9", "v" },
        { "x(y)", "v" },
        { "x", "v\r\nx-smuggled: 1" },
        { "x", "v\nw" },
        { "x", "v\0" },
        { "x", "v\u007f" },
        { "x", " v" },
        { "x", "v\t" },
        { "connection", "close" },
        { "proxy-connection", "close" },
        { "keep-alive", "1" },
        { "transfer-encoding", "chunked" },
        { "transfer-encoding", "identity" },
        { "upgrade", "websocket" },
        { "te", "gzip" },
        { "X-Upper", "v" },
        { ":path", "/again" },
    };

    [Theory]
    [MemberData(nameof(Malformed))]
    public async Task A_malformed_head_is_refused_and_not_forwarded(string name, string value)
    {
        foreach (var (exposure, url) in Secured)
        {
            var id = Guid.NewGuid().ToString("N");
            Assert.True(await AskAsync(url, $"/catalog/{id}", (name, value)) is BadRequest or null, exposure);
            Assert.Empty(fixture.Recorder.Seen(id));
        }
    }

    [Theory]
    [InlineData("/catalog/{id}#fragment")]
    [InlineData("/catalog/{id} x")]
    [InlineData("/catalog/{id}?q=\u00e9")]
    [InlineData("/catalog/{id}\r\nx: y")]
    public async Task A_malformed_target_is_refused_and_not_forwarded(string target)
    {
        foreach (var (exposure, url) in Secured)
        {
            var id = Guid.NewGuid().ToString("N");
            Assert.True(await AskAsync(url, target.Replace("{id}", id, StringComparison.Ordinal)) is BadRequest or null, exposure);
            Assert.Empty(fixture.Recorder.Seen(id));
        }
    }

    [Fact]
    public async Task A_method_that_is_too_long_is_refused_as_in_HTTP_1_1()
    {
        foreach (var (exposure, url) in Secured)
        {
            var id = Guid.NewGuid().ToString("N");
            using var request = new HttpRequestMessage(new HttpMethod(new string('M', 33)), new Uri(url, $"/catalog/{id}"));
            Assert.Equal((exposure, HttpStatusCode.BadRequest), (exposure, await StatusAsync(request)));
            Assert.Empty(fixture.Recorder.Seen(id));
        }
    }

    /// <summary>Extended CONNECT, RFC 8441, for a protocol other than WebSocket.</summary>
    [Theory]
    [InlineData("foo", "/live/socket")]
    [InlineData("connect-udp", "/catalog/{id}")]
    public async Task A_protocol_that_is_not_known_is_501_and_not_forwarded(string protocol, string path)
    {
        foreach (var (exposure, url) in Secured)
        {
            var id = Guid.NewGuid().ToString("N");
            using var request = new HttpRequestMessage(HttpMethod.Connect, new Uri(url, path.Replace("{id}", id, StringComparison.Ordinal)))
            { Headers = { Protocol = protocol } };
            Assert.Equal((exposure, HttpStatusCode.NotImplemented), (exposure, await StatusAsync(request)));
            Assert.Empty(fixture.Recorder.Seen(id));
        }
    }

    private static async Task<HttpStatusCode> StatusAsync(HttpRequestMessage request)
    {
        (request.Version, request.VersionPolicy) = (HttpVersion.Version20, HttpVersionPolicy.RequestVersionExact);
        using var invoker = new HttpMessageInvoker(ServiceHost.Handler());
        using var response = await invoker.SendAsync(request, Cancelled);
        return response.StatusCode;
    }

    [Theory]
    [InlineData("x-plain", "v")]
    [InlineData("x!#$%&'*+-.^_`|~9", "v")]
    [InlineData("x-empty", "")]
    [InlineData("x-inner", "a \t b")]
    [InlineData("x-latin", "caf\u00e9")]
    [InlineData("te", "trailers")]
    public async Task An_unusual_head_that_is_well_formed_passes(string name, string value)
    {
        foreach (var (exposure, url) in Secured)
        {
            var id = Guid.NewGuid().ToString("N");
            Assert.True(await AskAsync(url, $"/catalog/{id}", (name, value)) is Ok, exposure);
            Assert.Single(fixture.Recorder.Seen(id));
        }
    }

    /// <summary>RFC 9113 section 8.2.3: a client may split its cookie, which still counts as one field.</summary>
    [Theory]
    [InlineData(110, Ok)]
    [InlineData(400, Ok)]
    public async Task A_cookie_in_parts_counts_as_one(int parts, byte expected)
    {
        foreach (var (exposure, url) in Secured)
        {
            var id = Guid.NewGuid().ToString("N");
            var crumbs = Enumerable.Range(0, parts).Select(part => ("cookie", $"c{part}={part}")).ToArray();
            Assert.Equal((exposure, (byte?)expected), (exposure, await AskAsync(url, $"/catalog/{id}", crumbs)));
            Assert.Equal(
                string.Join("; ", crumbs.Select(crumb => crumb.Item2)), Assert.Single(fixture.Recorder.Seen(id)).Headers["Cookie"]);
        }
    }

    /// <summary>RFC 9113 section 8.3.1: a request has one authority, in the form that a URI allows.</summary>
    [Theory]
    [InlineData(":authority", "localhost")]
    [InlineData(":scheme", "https")]
    [InlineData(":method", "GET")]
    [InlineData(":unknown", "x")]
    public async Task A_head_that_says_twice_who_is_asked_is_refused(string name, string value)
    {
        foreach (var (exposure, url) in Secured)
        {
            var id = Guid.NewGuid().ToString("N");
            Assert.True(await AskAsync(url, $"/catalog/{id}", (name, value)) is BadRequest or null, exposure);
            Assert.Empty(fixture.Recorder.Seen(id));
        }
    }

    /// <summary>Kestrel prefers :authority over Host, as RFC 9113 requires of a gateway to HTTP/1.1.</summary>
    [Fact]
    public async Task A_Host_beside_the_authority_is_not_heard()
    {
        foreach (var (exposure, url) in Secured)
        {
            var id = Guid.NewGuid().ToString("N");
            Assert.Equal((exposure, (byte?)Ok), (exposure, await AskAsync(url, $"/catalog/{id}", ("host", "evil.example"))));
            Assert.DoesNotContain("evil.example", Assert.Single(fixture.Recorder.Seen(id)).Headers.Values);
        }
    }

    [Theory]
    [InlineData("user@localhost")]
    [InlineData("user:word@localhost")]
    [InlineData("")]
    [InlineData("localhost:443:1")]
    [InlineData("evil.example")]
    [InlineData("localhost/x")]
    public async Task An_authority_that_is_no_host_is_refused(string authority)
    {
        foreach (var (exposure, url) in Secured)
        {
            var id = Guid.NewGuid().ToString("N");
            Assert.True(
                await SendAsync(
                url, [0x82, 0x87, .. Literal(":path", $"/catalog/{id}"), .. Literal(":authority", authority)]) is BadRequest or null,
                exposure);
            Assert.Empty(fixture.Recorder.Seen(id));
        }
    }

    [Fact]
    public async Task A_head_without_what_a_request_must_have_is_refused()
    {
        foreach (var (exposure, url) in Secured)
        {
            var id = Guid.NewGuid().ToString("N");
            byte[] path = Literal(":path", $"/catalog/{id}"), authority = Literal(":authority", "localhost");
            foreach (var head in (byte[][])
            [
                [0x87, .. path, .. authority], [0x82, .. path, .. authority], [0x82, 0x87, .. authority],
                [0x82, 0x87, .. Literal(":path", ""), .. authority], [0x82, 0x86, .. path, .. authority]
            ])
            {
                Assert.True(await SendAsync(url, head) is BadRequest or null, exposure);
            }

            Assert.Empty(fixture.Recorder.Seen(id));
        }
    }

    /// <summary>The public listeners with HTTP/2.</summary>
    private IEnumerable<(string Name, Uri Url)> Secured => fixture.Exposures.Where(exposure => exposure.Url.Scheme == Uri.UriSchemeHttps);

    /// <summary>
    /// The first byte of the response's header block, which encodes the status; null if the stream or connection ended instead.
    /// </summary>
    private static Task<byte?> AskAsync(Uri url, string target, params (string Name, string Value)[] fields) =>
        SendAsync(
            url, [0x82, 0x87, .. Literal(":path", target), .. Literal(":authority", $"localhost:{url.Port}"),
            .. fields.SelectMany(field => Literal(field.Name, field.Value))]);

    private static async Task<byte?> SendAsync(Uri url, byte[] head)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync("127.0.0.1", url.Port, Cancelled);
        await using var tls = new SslStream(new NetworkStream(socket));
        await tls.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions
            {
                TargetHost = "localhost",
                ApplicationProtocols = [SslApplicationProtocol.Http2],
                CertificateChainPolicy = ServiceHost.Trust(LocalAuthorities.Public)
            }, Cancelled);

        byte[] request = [
            .. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8, 0, 0, 0, 4, 0, 0, 0, 0, 0,
            0, (byte)(head.Length >> 8), (byte)head.Length, HeadersFrame, 0x05, 0, 0, 0, 1, .. head,
        ];
        await tls.WriteAsync(request, Cancelled);

        var frame = new byte[9];
        while (await tls.ReadAtLeastAsync(frame, frame.Length, throwOnEndOfStream: false, Cancelled) == frame.Length)
        {
            var payload = new byte[BinaryPrimitives.ReadInt32BigEndian(frame) >> 8];
            await tls.ReadExactlyAsync(payload, Cancelled);
            if (frame[3] is ResetFrame or GoAwayFrame) return null;
            if (frame[3] is not HeadersFrame) continue;
            return payload.First(octet => (octet & 0xE0) != 0x20); // Skips a change of the table size.
        }

        return null;
    }

    /// <summary>A field without indexing and Huffman coding (RFC 7541 section 6.2.2).</summary>
    private static byte[] Literal(string name, string value) =>
        [0, (byte)name.Length, .. Encoding.Latin1.GetBytes(name), (byte)value.Length, .. Encoding.Latin1.GetBytes(value)];
}
