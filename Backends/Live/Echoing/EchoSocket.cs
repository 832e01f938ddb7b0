using System.Net.WebSockets;
using Topology.Hardening.Limits;
using Topology.Hardening.Upgrades;
using Topology.ServiceDefaults.Paths;

namespace Topology.Live.Echoing;

internal static class EchoSocket
{
    /// <summary>
    /// <c>/live/socket</c>: a WebSocket that echoes each message with the same framing. The route allows any method, because
    /// the handshake is GET in HTTP/1.1 (RFC 6455) and CONNECT in HTTP/2 (RFC 8441); other requests never get here.
    /// </summary>
    public static void MapEchoSocket(this IEndpointRouteBuilder endpoints) =>
        endpoints.Map("/live/socket", async context =>
        {
            using var socket = await context.WebSockets.AcceptWebSocketAsync();
            var stopping = context.RequestServices.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping;
            using var ended = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, stopping);
            try
            {
                await EchoAsync(socket, ended.Token);
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                // The service is stopping, and cancellation has aborted the socket. Clients reconnect.
            }
            catch (Exception exception) when (exception is WebSocketException or OperationCanceledException)
            {
                // The client disconnected.
            }
        }).WithWorkload("socket").WithLimits(new() { Kind = RouteKind.Messages }).SpeaksWebSocket();

    private static async Task EchoAsync(WebSocket socket, CancellationToken cancellationToken)
    {
        var buffer = new byte[16 * 1024];
        while (true)
        {
            var received = await socket.ReceiveAsync(buffer.AsMemory(), cancellationToken);
            if (received.MessageType == WebSocketMessageType.Close)
            {
                await socket.CloseAsync(
                    socket.CloseStatus ?? WebSocketCloseStatus.NormalClosure, socket.CloseStatusDescription, cancellationToken);
                return;
            }

            await socket.SendAsync(buffer.AsMemory(0, received.Count), received.MessageType, received.EndOfMessage, cancellationToken);
        }
    }
}
