using System.Net.WebSockets;
using Grpc.Net.Client;
using Topology.Live.V1;

namespace Topology.Tests.Infrastructure;

/// <summary>Sends echo requests to the live backend, the same on every path.</summary>
public static class Echoes
{
    /// <summary>Sends and receives messages over an open WebSocket.</summary>
    public static async Task AssertSocketAsync(ClientWebSocket socket, CancellationToken cancellationToken)
    {
        var buffer = new byte[64];
        for (var i = 0; i < 10; i++)
        {
            await socket.SendAsync("ping"u8.ToArray(), WebSocketMessageType.Text, true, cancellationToken);
            var received = await socket.ReceiveAsync(buffer, cancellationToken);
            Assert.Equal("ping"u8, buffer.AsSpan(0, received.Count));
        }

        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, cancellationToken);
    }

    /// <summary>Sends one gRPC message, then a finite stream of them.</summary>
    public static async Task AssertGrpcAsync(GrpcChannel channel, CancellationToken cancellationToken)
    {
        var client = new Echo.EchoClient(channel);
        Assert.Equal("one", (await client.UnaryAsync(new() { Text = "one" }, cancellationToken: cancellationToken)).Text);
        using var call = client.Bidirectional(cancellationToken: cancellationToken);
        foreach (var text in (string[])["a", "b", "c"])
        {
            await call.RequestStream.WriteAsync(new() { Text = text }, cancellationToken);
            Assert.True(await call.ResponseStream.MoveNext(cancellationToken));
            Assert.Equal(text, call.ResponseStream.Current.Text);
        }

        await call.RequestStream.CompleteAsync();
        Assert.False(await call.ResponseStream.MoveNext(cancellationToken));
    }
}
