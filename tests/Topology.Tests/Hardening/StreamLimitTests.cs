using System.Net;
using System.Net.WebSockets;
using Microsoft.Extensions.DependencyInjection;
using Topology.Edge.Upstreams;
using Topology.Hardening.Limits;
using Topology.Tests.Infrastructure;

namespace Topology.Tests.Hardening;

/// <summary>How many streams and how much memory clients can occupy.</summary>
public sealed class StreamLimitTests
{
    private const string Section = PublicLimits.Section;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task Answers_that_are_not_taken_end_when_their_budget_is_spent(int window)
    {
        await using var recorder = await Recorder.StartAsync([($"{Section}:WaitingBytes", "1048576")]);
        var begun = 0;
        recorder.Answer = async context =>
        {
            Interlocked.Increment(ref begun);
            while (!context.RequestAborted.IsCancellationRequested)
            {
                await context.Response.Body.WriteAsync(new byte[64 * 1024], context.RequestAborted);
            }
        };
        await using var stranger = await RawHttp2.OpenAsync(recorder.Url("https"), window, Cancelled);
        for (var stream = 1; stream < 40; stream += 2) await stranger.AskAsync(stream, "GET", "/media/x", ends: true, Cancelled);
        await stranger.WaitForAsync(frame => frame.Type == Frame.Reset, Cancelled);
        // Half of the budget is for new responses. A response without progress for a second is aborted.
        var backlog = recorder.Services.GetRequiredService<AnswerBacklog>();
        await Eventually.TrueAsync(() => begun > 0 && !backlog.IsCrowded);
        Assert.InRange(backlog.Bytes, 1, 512 * 1024);
        recorder.Answer = null;
        using var response = await recorder.Client("https").GetAsync("/media/x", Cancelled);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Theory]
    [InlineData("/catalog/x")]
    [InlineData("/media/x")]
    [InlineData("/live/x")]
    public async Task An_answer_without_progress_ends(string path)
    {
        await using var recorder = await Recorder.StartAsync([($"{Section}:AnswerStall", "00:00:01")]);
        recorder.Answer = async context => await context.Response.Body.WriteAsync(new byte[50_000], context.RequestAborted);
        await using var stranger = await RawHttp2.OpenAsync(recorder.Url("https"), 0, Cancelled);
        await stranger.AskAsync(1, "GET", path, ends: true, Cancelled);
        Assert.Equal(1, (await stranger.WaitForAsync(frame => frame.Type == Frame.Reset, Cancelled)).Stream);
    }

    [Fact]
    public async Task A_socket_without_progress_ends()
    {
        await using var live = ServiceHost.Start<Topology.Live.Events.Tick>([($"{Section}:AnswerStall", "00:00:01")]);
        await using var stranger = await RawHttp2.OpenAsync(live.Url("https"), 0, Cancelled);
        await stranger.AskAsync(
            1, "CONNECT", "/live/socket", ends: false, Cancelled, (":protocol", "websocket"), ("sec-websocket-version", "13"));
        await stranger.WaitForAsync(frame => frame is { Type: Frame.Headers, Stream: 1 }, Cancelled);
        // A binary message of 16,000 bytes, masked with zeros (RFC 6455 section 5.2).
        await stranger.SendAsync(1, [0x82, 0xFE, 0x3E, 0x80, 0, 0, 0, 0, .. new byte[16_000]], Cancelled);
        await stranger.WaitForAsync(frame => frame is { Type: Frame.Reset, Stream: 1 }, Cancelled);
    }

    [Fact]
    public async Task A_slow_client_that_makes_progress_gets_all_of_it()
    {
        await using var recorder = await Recorder.StartAsync([($"{Section}:AnswerStall", "00:00:01")]);
        const int Length = 300_000;
        recorder.Answer = async context => await context.Response.Body.WriteAsync(new byte[Length], context.RequestAborted);
        await using var slow = await RawHttp2.OpenAsync(recorder.Url("https"), 0, Cancelled);
        await slow.AskAsync(1, "GET", "/catalog/x", ends: true, Cancelled);
        for (var received = 0; received < Length;)
        {
            await Task.Delay(400, Cancelled);
            await slow.OpenWindowAsync(1, 1 << 16, Cancelled);
            for (var part = 0; part < 1 << 16 && received < Length;)
            {
                var data = (await slow.WaitForAsync(frame => frame.Type is Frame.Data or Frame.Reset, Cancelled));
                Assert.Equal(Frame.Data, data.Type);
                received += data.Payload.Length;
                part += data.Payload.Length;
            }
        }
    }

    [Theory]
    [InlineData("StreamsPerClient", HttpStatusCode.TooManyRequests)]
    [InlineData("Streams", HttpStatusCode.ServiceUnavailable)]
    public async Task Streams_above_the_limit_are_refused_and_one_that_ends_makes_room(string limit, HttpStatusCode status)
    {
        await using var recorder = await Recorder.StartAsync([($"{Section}:{limit}", "3"), ($"{Section}:UncountedClients", "none")]);
        var release = new TaskCompletionSource();
        var waiting = 0;
        recorder.Answer = context =>
        {
            if (context.Request.Path != "/live/wait") return Task.CompletedTask;
            Interlocked.Increment(ref waiting);
            return release.Task;
        };
        using var client = recorder.Client();
        var open = Enumerable.Range(0, 3).Select(_ => client.GetAsync("/live/wait", Cancelled)).ToList();
        await Eventually.TrueAsync(() => Volatile.Read(ref waiting) == 3);
        using (var above = await client.GetAsync("/live/x", Cancelled))
        {
            Assert.Equal((status, "application/problem+json"), (above.StatusCode, above.Content.Headers.ContentType?.MediaType));
            Assert.NotNull(above.Headers.RetryAfter);
        }

        using (var ordinary = await client.GetAsync("/catalog/x", Cancelled)) Assert.Equal(HttpStatusCode.OK, ordinary.StatusCode);
        release.SetResult();
        Assert.All(await Task.WhenAll(open), answer => Assert.Equal(HttpStatusCode.OK, answer.StatusCode));
        using var again = await client.GetAsync("/live/x", Cancelled);
        Assert.Equal(HttpStatusCode.OK, again.StatusCode);
    }

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task Sockets_above_the_limit_are_a_503_over_every_version_at_the_edge_and_direct(string version)
    {
        (string, string)[] few = [($"{Section}:UpgradedConnections", "2")];
        await using var live = ServiceHost.Start<Topology.Live.Events.Tick>(few);
        await using var edge = ServiceHost.Start<UpstreamOptions>([.. ServiceHost.Discovery("live", live), .. few]);
        foreach (var host in (ServiceHost[])[edge, live])
        {
            using var invoker = new HttpMessageInvoker(ServiceHost.Handler());
            var sockets = new List<ClientWebSocket>();
            for (var i = 0; i < 3; i++)
            {
                var socket = new ClientWebSocket
                {
                    Options =
                    { HttpVersion = Version.Parse(version), HttpVersionPolicy = HttpVersionPolicy.RequestVersionExact,
                    CollectHttpResponseDetails = true }
                };
                sockets.Add(socket);
                var opening = socket.ConnectAsync(
                    new UriBuilder(host.Url("https")) { Scheme = "wss", Path = "/live/socket" }.Uri, invoker, Cancelled);
                if (i == 2) await Assert.ThrowsAsync<WebSocketException>(() => opening);
                else await opening;
            }

            Assert.Equal(HttpStatusCode.ServiceUnavailable, sockets[2].HttpStatusCode);
            sockets.ForEach(socket => socket.Dispose());
        }
    }

    [Fact]
    public async Task A_stream_ends_at_its_age_and_a_connection_takes_no_further_requests()
    {
        await using var recorder =
            await Recorder.StartAsync([($"{Section}:StreamAge", "00:00:01"), ($"{Section}:ConnectionAge", "00:00:01")]);
        recorder.Answer = context =>
            context.Request.Path == "/live/wait" ? Task.Delay(Timeout.Infinite, context.RequestAborted) : Task.CompletedTask;
        await using var connection = await RawHttp2.OpenAsync(recorder.Url("https"), 1000, Cancelled);
        await connection.AskAsync(1, "GET", "/live/wait", ends: true, Cancelled);
        await connection.WaitForAsync(frame => frame.Type == Frame.GoAway, Cancelled);
        await using var other = await RawHttp2.OpenAsync(recorder.Url("https"), 1000, Cancelled);
        await other.AskAsync(1, "GET", "/live/wait", ends: true, Cancelled);
        await other.WaitForAsync(frame => frame is { Type: Frame.Reset, Stream: 1 }, Cancelled);
    }

    [Fact]
    public async Task Resets_that_the_server_is_made_to_send_end_the_connection()
    {
        await using var recorder = await Recorder.StartAsync();
        var started = 0;
        recorder.Answer = context =>
        {
            Interlocked.Increment(ref started);
            return Task.Delay(Timeout.Infinite, context.RequestAborted);
        };
        await using var stranger = await RawHttp2.OpenAsync(recorder.Url("https"), 65_535, Cancelled);
        var reading = Task.Run(async () => { while (await stranger.ReadAsync(Cancelled) is not null) { } }, Cancelled);
        try
        {
            for (var stream = 1; stream < 4000 && !reading.IsCompleted; stream += 2)
            {
                await stranger.AskAsync(stream, "GET", "/catalog/x", ends: true, Cancelled);
                // A window above 2^31-1 is a stream error, RFC 9113 section 6.9.1.
                await stranger.OpenWindowAsync(stream, int.MaxValue, Cancelled);
                await Task.Delay(1, Cancelled);
            }
        }
        catch (IOException)
        {
            // The connection has ended.
        }

        await reading.WaitAsync(TimeSpan.FromSeconds(10), Cancelled);
        Assert.InRange(started, 50, 400);
    }
}
