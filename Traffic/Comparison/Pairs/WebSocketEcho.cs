using System.Diagnostics;
using System.Net.WebSockets;
using Topology.Comparison.Workloads;

namespace Topology.Comparison.Pairs;

/// <summary>Sends one message on a new WebSocket and reads its echo.</summary>
public static class WebSocketEcho
{
    /// <summary>
    /// Connects, sends the request's body, and reads one message. A longer message is cut to one byte more than was sent.
    /// </summary>
    /// <param name="address">The URL, http or https.</param>
    /// <param name="request">What is sent.</param>
    /// <param name="client">Opens the connection.</param>
    /// <param name="cancellationToken">Cancels the exchange.</param>
    /// <returns>The message, and the timestamp of its end.</returns>
    public static async Task<(byte[] Body, long Ended)> SendAsync(
        Uri address, WorkloadRequest request, HttpMessageInvoker client, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(address);
        ArgumentNullException.ThrowIfNull(request);
        using var socket = new ClientWebSocket();
        var uri = new UriBuilder(address) { Scheme = address.Scheme == Uri.UriSchemeHttps ? Uri.UriSchemeWss : Uri.UriSchemeWs }.Uri;
        await socket.ConnectAsync(uri, client, cancellationToken);
        await socket.SendAsync(request.Body, WebSocketMessageType.Text, endOfMessage: true, cancellationToken);
        var buffer = new byte[request.Body.Length + 1];
        var length = 0;
        ValueWebSocketReceiveResult received;
        do
        {
            received = await socket.ReceiveAsync(buffer.AsMemory(length), cancellationToken);
            length += received.Count;
        }
        while (!received.EndOfMessage && length < buffer.Length);

        var ended = Stopwatch.GetTimestamp();
        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, cancellationToken);
        return (buffer[..length], ended);
    }
}
