using Microsoft.AspNetCore.Http;
using Topology.Edge.Upstreams;
using Topology.Tests.Hardening;
using Topology.Tests.Infrastructure;

namespace Topology.Tests.Edge;

/// <summary>Whatever a backend answers, the client gets an answer that is true, or is told that there is none.</summary>
public sealed class MalformedAnswerTests : IAsyncLifetime
{
    private const string Settings = ScriptedBackend.Settings;
    private const string Ok = "HTTP/1.1 200 OK\r\n";

    private readonly ScriptedBackend _backend = new();
    private ServiceHost _edge = null!;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync()
    {
        _edge = ServiceHost.Start<UpstreamOptions>(
        [
            ("Edge:Upstream", "internal"), ("services:catalog:internal:0", _backend.Url), ("services:orders:internal:0", _backend.Url),
                ("services:live:internal:0", _backend.Url),
            .. from cluster in (string[])["catalog", "orders", "live"]
               from setting in ((string, string)[])
                   [("HealthCheck:Active:Enabled", "false"), ("HttpRequest:ActivityTimeout", "00:00:02"), ("HttpRequest:Version", "1.1"),
                       ("HttpRequest:VersionPolicy", "RequestVersionExact")]
               select ($"ReverseProxy:Clusters:{cluster}:{setting.Item1}", setting.Item2),
        ]);
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await _edge.DisposeAsync();
        await _backend.DisposeAsync();
    }

    [Theory]
    [InlineData("")]
    [InlineData("\r\n\r\n")]
    [InlineData("hello\r\n\r\n")]
    [InlineData("HTTP/1.1\r\n\r\n")]
    [InlineData("HTTP/1.1 \r\n\r\n")]
    [InlineData("HTTP/1.1 20 OK\r\n\r\n")]
    [InlineData("HTTP/1.1 2000 OK\r\n\r\n")]
    [InlineData("HTTP/1.1 abc OK\r\n\r\n")]
    [InlineData("HTTP/1.1 -20 OK\r\n\r\n")]
    [InlineData("HTTP/1.1 000 Nothing\r\n\r\n")]
    [InlineData("HTTP/1.1 099 Too little\r\nContent-Length: 0\r\n\r\n")]
    [InlineData("HTTP/1.1 600 Too much\r\nContent-Length: 0\r\n\r\n")]
    [InlineData("HTTP/1.1 999 Too much\r\nContent-Length: 0\r\n\r\n")]
    [InlineData("HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n")]
    [InlineData("http/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")]
    [InlineData("ICY 200 OK\r\n\r\n")]
    [InlineData(Ok)]
    [InlineData(Ok + "Content-Le")]
    [InlineData(Ok + "no colon\r\n\r\n")]
    [InlineData(Ok + ": no name\r\n\r\n")]
    [InlineData(Ok + "bad name: v\r\nContent-Length: 0\r\n\r\n")]
    [InlineData(Ok + "Content-Length: x\r\n\r\nhello")]
    [InlineData(Ok + "Content-Length: -1\r\n\r\nhello")]
    [InlineData(Ok + "Content-Length: +5\r\n\r\nhello")]
    [InlineData(Ok + "Content-Length: 5, 6\r\n\r\nhello")]
    [InlineData(Ok + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello")]
    [InlineData(Ok + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello")]
    [InlineData(Ok + "Content-Length: 99999999999999999999\r\n\r\nhello")]
    [InlineData(Ok + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")]
    [InlineData(Ok + "Transfer-Encoding: gzip, chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n")]
    [InlineData(Ok + "Transfer-Encoding: gzip\r\n\r\nhello")]
    [InlineData(Ok + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")]
    [InlineData("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhello")]
    [InlineData("HTTP/1.1 101 Switching Protocols\r\n\r\n")]
    // RFC 9110 section 7.8: a 426 names a protocol, which a client cannot choose through the edge.
    [InlineData("HTTP/1.1 426 Upgrade Required\r\nConnection: Upgrade\r\nUpgrade: foo\r\nContent-Length: 0\r\n\r\n")]
    [InlineData("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello")]
    [InlineData("HTTP/1.1 205 Reset Content\r\nContent-Length: 5\r\n\r\nhello")]
    [InlineData("HTTP/1.1 100 Continue\r\n\r\n")]
    [InlineData("HTTP/1.1 103 Early Hints\r\n")]
    public async Task An_answer_that_is_none_is_a_502_that_says_so(string bytes)
    {
        foreach (var after in Enum.GetValues<After>().Where(after => after != After.Nothing))
        {
            _backend.Answer = (bytes, after);
            await AssertProblemAsync("GET /catalog/x HTTP/1.1\r\nHost: localhost\r\n\r\n", 502, bytes, after);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("HTTP/1.1 200 O")]
    [InlineData(Ok + "X: y\r\n")]
    [InlineData("HTTP/1.1 100 Continue\r\n\r\n")]
    public async Task Silence_before_the_answer_is_a_504(string bytes)
    {
        _backend.Answer = (bytes, After.Nothing);
        await AssertProblemAsync("GET /catalog/x HTTP/1.1\r\nHost: localhost\r\n\r\n", 504, bytes, After.Nothing);
    }

    /// <summary>The same over HTTP/2: an empty SETTINGS frame, and then what the case says of the first stream.</summary>
    [Theory]
    [InlineData("hello, this is no frame", After.Close)]
    [InlineData("", After.Close)]
    [InlineData("", After.Reset)]
    [InlineData(Settings, After.Close)]
    [InlineData(Settings + "\0\0\u0008\u0007\0\0\0\0\0\0\0\0\0\0\0\0\0", After.Close)] // GOAWAY, nothing was processed.
    [InlineData(Settings + "\0\0\u0004\u0003\0\0\0\0\u0001\0\0\0\u0007", After.Close)] // RST_STREAM REFUSED_STREAM
    [InlineData(Settings + "\0\0\u0004\u0003\0\0\0\0\u0001\0\0\0\u0002", After.Nothing)] // RST_STREAM INTERNAL_ERROR
    [InlineData(Settings + "\0\0\u0003\u0001\u0005\0\0\0\u0001\u000f\u0011\0", After.Nothing)] // A head without a status.
    [InlineData(Settings + "\0\0\u0005\u0001\u0005\0\0\0\u0001\u0008\u0003600", After.Nothing)] // :status 600
    [InlineData(Settings + "\0\0\u0005\u0001\u0005\0\0\0\u0001\u0008\u0003101", After.Nothing)] // :status 101, RFC 9113 section 8.6.
    [InlineData(Settings + "\0\0\u0005\u0001\u0005\0\0\0\u0001\u0008\u0003100", After.Nothing)] // An interim head that ends the stream.
    [InlineData(Settings + "\0\0\u0006\u0001\u0005\0\0\0\u0001\u0088\u0008\u0003200", After.Nothing)] // Two :status.
    [InlineData(Settings + "\0\0\u0002\u0001\u0005\0\0\0\u0001\u0088\u0084", After.Nothing)] // :path, which is a request's.
    [InlineData(Settings + "\0\0\u0006\u0001\u0005\0\0\0\u0001\u0088\0\u0002:x\0", After.Nothing)] // A pseudo-header field of no RFC.
    [InlineData(Settings + "\0\0\u0003\0\u0001\0\0\0\u0001abc", After.Nothing)] // DATA before a head.
    public async Task An_answer_over_HTTP2_that_is_none_is_a_502_that_says_so(string bytes, After after)
    {
        await using var edge = ServiceHost.Start<UpstreamOptions>(
            [("services:catalog:internal-h2:0", _backend.Url), ("ReverseProxy:Clusters:catalog:HealthCheck:Active:Enabled", "false")]);
        _backend.Answer = (bytes, after);
        await using var connection = await RawConnection.OpenAsync(edge.Url("http"), Cancelled);
        await connection.SendAsync("GET /catalog/x HTTP/1.1\r\nHost: localhost\r\n\r\n", Cancelled);
        var answer = await connection.ReadAsync();
        Assert.Equal((502, "application/problem+json"), (answer?.Status, answer?.Header("content-type")));
    }

    /// <summary>The head has gone out by then: the client sees that the body is not whole, never an end that looks orderly.</summary>
    [Theory]
    [InlineData("Content-Length: 10\r\n\r\nhello")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n5\r\nhello")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nx\r\n")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nFFFFFFFFFFFFFFFFF\r\n")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n-1\r\n")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n5\r\nhelloo\r\n0\r\n\r\n")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nbad trailer\r\n\r\n")]
    public async Task A_body_that_is_not_whole_never_looks_whole(string rest)
    {
        foreach (var after in Enum.GetValues<After>())
        {
            _backend.Answer = (Ok + rest, after);
            var started = System.Diagnostics.Stopwatch.StartNew();
            await using var connection = await RawConnection.OpenAsync(_edge.Url("http"), Cancelled);
            await connection.SendAsync("GET /catalog/x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", Cancelled);
            var answer = await connection.ReadAllAsync();
            Assert.True(started.Elapsed < TimeSpan.FromSeconds(8), $"{after}: it hangs.");
            var isWhole = answer.EndsWith("\r\n0\r\n\r\n", StringComparison.Ordinal)
                || (answer.Contains("Content-Length: 10\r\n", StringComparison.OrdinalIgnoreCase)
                    && answer.EndsWith("hellohello", StringComparison.Ordinal));
            Assert.False(isWhole && answer.StartsWith("HTTP/1.1 200", StringComparison.Ordinal), $"{after}: {answer}");
        }
    }

    [Theory]
    [InlineData("HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", 204, "")]
    [InlineData("HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n", 205, "")]
    [InlineData("HTTP/1.1 205 Reset Content\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", 205, "")]
    [InlineData("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\nETag: \"x\"\r\n\r\n", 304, "")]
    [InlineData("HTTP/1.0 200 OK\r\n\r\nhello", 200, "hello")]
    [InlineData("HTTP/1.1 200\r\nContent-Length: 5\r\n\r\nhello", 200, "hello")]
    [InlineData("HTTP/1.1 100 Continue\r\n\r\n" + Ok + "Content-Length: 5\r\n\r\nhello", 200, "hello")]
    [InlineData("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + Ok + "Content-Length: 5\r\n\r\nhello", 200, "hello")]
    [InlineData("HTTP/1.1 199 Whatever\r\n\r\n" + Ok + "Content-Length: 5\r\n\r\nhello", 200, "hello")]
    [InlineData("HTTP/1.1 599 Own\r\nContent-Length: 5\r\n\r\nhello", 599, "hello")]
    [InlineData(Ok + "Transfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n0\r\nX-Trailer: v\r\n\r\n", 200, "hello")]
    public async Task An_unusual_answer_that_is_one_passes(string bytes, int status, string body)
    {
        _backend.Answer = (bytes, After.Close);
        await using var connection = await RawConnection.OpenAsync(_edge.Url("http"), Cancelled);
        await connection.SendAsync("GET /catalog/x HTTP/1.1\r\nHost: localhost\r\n\r\n", Cancelled);
        var answer = await connection.ReadAsync(hasNoBody: status == 205);
        Assert.Equal((status, body), (answer?.Status, answer?.Body));
    }

    /// <summary>RFC 9110 section 5.5: a CR or NUL is replaced by a space, or the answer refused.</summary>
    [Theory]
    [InlineData('\r')]
    [InlineData('\0')]
    public async Task A_control_character_does_not_pass(char control)
    {
        _backend.Answer = ($"{Ok}X: a{control}b\r\nContent-Length: 0\r\n\r\n", After.Close);
        await using var connection = await RawConnection.OpenAsync(_edge.Url("http"), Cancelled);
        await connection.SendAsync("GET /catalog/x HTTP/1.1\r\nHost: localhost\r\n\r\n", Cancelled);
        var answer = (await connection.ReadAsync())!;
        Assert.True(answer.Status == 502 || answer.Header("x") == "a b", $"{answer.Status} {answer.Header("x")}");
    }

    /// <summary>
    /// HTTP/1.1 upstream, .NET's client reads an answer only after it has sent the whole body; HTTP/2 has no such order.
    /// </summary>
    [Fact]
    public async Task An_answer_that_comes_before_the_body_is_whole_counts()
    {
        await using var backend = await Recorder.StartAsync();
        backend.Answer = context =>
        {
            context.Response.StatusCode = 409;
            return context.Response.WriteAsync("hello");
        };
        await using var edge = ServiceHost.Start<UpstreamOptions>(backend.AsEveryService());
        foreach (var url in (Uri[])[backend.Url("http"), edge.Url("http")])
        {
            await using var connection = await RawConnection.OpenAsync(url, Cancelled);
            await connection.SendAsync("POST /orders HTTP/1.1\r\nHost: localhost\r\nContent-Length: 60000\r\n\r\nbeginning", Cancelled);
            Assert.Equal(409, (await connection.ReadAsync().WaitAsync(TimeSpan.FromSeconds(2), Cancelled))?.Status);
        }
    }

    [Theory]
    [InlineData("HTTP/1.1 101 Switching Protocols\r\n\r\n")]
    [InlineData("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n")]
    [InlineData("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket, foo\r\n\r\n")]
    [InlineData("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nUpgrade: foo\r\n\r\n")]
    [InlineData("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket/2\r\n\r\n")]
    [InlineData("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n")]
    [InlineData("HTTP/1.1 426 Upgrade Required\r\nConnection: Upgrade\r\nUpgrade: foo\r\nContent-Length: 0\r\n\r\n")]
    [InlineData("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello")]
    public async Task A_handshake_that_a_backend_answers_wrongly_is_no_WebSocket(string bytes)
    {
        _backend.Answer = (bytes, After.Close);
        await AssertProblemAsync(
            "GET /live/socket HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: "
                + "13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
            502, bytes, After.Close);
    }

    private async Task AssertProblemAsync(string request, int status, string bytes, After after)
    {
        await using var connection = await RawConnection.OpenAsync(_edge.Url("http"), Cancelled);
        await connection.SendAsync(request, Cancelled);
        var answer = await connection.ReadAsync();
        Assert.True(
            (answer?.Status, answer?.Header("content-type")) == (status, "application/problem+json"), $"{bytes} ({after}): {answer}");
        await connection.SendAsync("GET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n", Cancelled);
        Assert.True((await connection.ReadAsync()) is { Status: 404 } or null, "What follows is read where it starts.");
    }
}
