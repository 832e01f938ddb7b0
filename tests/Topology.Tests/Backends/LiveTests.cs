using System.Net;
using System.Net.ServerSentEvents;
using System.Net.WebSockets;
using Grpc.Core;
using Grpc.Net.Client;
using Topology.Tests.Hardening;
using Topology.Tests.Infrastructure;

namespace Topology.Tests.Backends;

public sealed class LiveTests : IAsyncDisposable
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private readonly ServiceHost _live = ServiceHost.Start<Topology.Live.Events.Tick>();

    public ValueTask DisposeAsync() => _live.DisposeAsync();

    [Fact]
    public async Task Events_go_on_after_the_last_one_a_client_has_seen()
    {
        using var request =
            new HttpRequestMessage(HttpMethod.Get, "/live/events?count=3&interval=20") { Headers = { { "Last-Event-ID", "41" } } };
        using var response = await _live.Client().SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancelled);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType!.MediaType);
        var ids = new List<string?>();
        await foreach (var item in SseParser.Create(await response.Content.ReadAsStreamAsync(Cancelled)).EnumerateAsync(Cancelled)) ids.Add(
            item.EventId);
        Assert.Equal(["42", "43", "44"], ids);
    }

    [Theory]
    [InlineData("/live/events?count=0")]
    [InlineData("/live/events?interval=1")]
    [InlineData("/live/events?interval=soon")]
    public async Task Bad_input_for_events_is_a_problem(string path)
    {
        using var response = await _live.Client().GetAsync(path, Cancelled);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType!.MediaType);
    }

    [Theory]
    [InlineData("9223372036854775807")]
    [InlineData("9007199254740992")]
    [InlineData("-1")]
    [InlineData("last")]
    public async Task A_last_event_that_cannot_have_been_one_is_a_problem(string id)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/live/events?count=1") { Headers = { { "Last-Event-ID", id } } };
        using var response = await _live.Client().SendAsync(request, Cancelled);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType!.MediaType);
    }

    [Fact]
    public async Task A_socket_that_does_not_answer_pings_ends()
    {
        await using var live = ServiceHost.Start<Topology.Live.Events.Tick>(
            [("Topology:Limits:Http2PingDelay", "00:00:01"), ("Topology:Limits:Http2PingTimeout", "00:00:01")]);
        await using var connection = await RawConnection.OpenAsync(live.Url("http"), Cancelled);
        await connection.SendAsync(
            "GET /live/socket HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: "
            + "13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", Cancelled);
        Assert.Equal(101, (await connection.ReadAsync())?.Status);
        // Reads a ping and then the end; nothing is sent any more.
        for (var end = DateTime.UtcNow.AddSeconds(8); !await connection.IsClosedAsync(); connection.Skip())
        {
            Assert.True(DateTime.UtcNow < end);
        }
    }

    [Fact]
    public async Task The_socket_echoes_text_and_binary_and_closes_as_asked()
    {
        using var socket = new ClientWebSocket();
        await socket.ConnectAsync(new UriBuilder(_live.Url("http")) { Scheme = "ws", Path = "/live/socket" }.Uri, Cancelled);
        foreach (var (type, payload) in new[
            ] { (WebSocketMessageType.Text, "hello"u8.ToArray()), (WebSocketMessageType.Binary, new byte[40_000]) })
        {
            await socket.SendAsync(payload, type, true, Cancelled);
            using var received = new MemoryStream();
            var buffer = new byte[4096];
            WebSocketReceiveResult result;
            do
            {
                result = await socket.ReceiveAsync(buffer, Cancelled);
                received.Write(buffer, 0, result.Count);
            }
            while (!result.EndOfMessage);
            Assert.Equal(type, result.MessageType);
            Assert.Equal(payload, received.ToArray());
        }

        await socket.CloseAsync(WebSocketCloseStatus.EndpointUnavailable, "bye", Cancelled);
        Assert.Equal(WebSocketCloseStatus.EndpointUnavailable, socket.CloseStatus);
    }

    [Fact]
    public async Task The_socket_tells_a_client_that_does_not_upgrade()
    {
        using var response = await _live.Client().GetAsync("/live/socket", Cancelled);
        Assert.Equal(HttpStatusCode.UpgradeRequired, response.StatusCode);
    }

    [Fact]
    public async Task Grpc_echoes_one_message_and_a_stream_of_them()
    {
        using var channel = GrpcChannel.ForAddress(_live.Url("https"), new() { HttpHandler = ServiceHost.Handler() });
        await Echoes.AssertGrpcAsync(channel, Cancelled);
    }
}
