using System.IO.Pipelines;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;

namespace Topology.Ingress;

/// <summary>
/// Relays an additional port of a resource. The platform forwards it to a replica as plain TCP, without reading or changing the
/// bytes.
/// </summary>
internal sealed class PortRelay(IngressReplicas replicas)
{
    public async Task RelayAsync(ConnectionContext client)
    {
        try
        {
            await ToReplicaAsync(client);
        }
        catch (Exception e) when (e is IOException or SocketException or OperationCanceledException)
        {
            // One side reset the connection; reset the other one too.
            client.Abort(new ConnectionAbortedException(e.Message));
        }
    }

    private async Task ToReplicaAsync(ConnectionContext client)
    {
        using var replica = await ConnectAsync();
        await using var stream = replica.GetStream();
        using var broken = new CancellationTokenSource();
        await Task.WhenAll(CopyAsync(InwardsAsync, broken), CopyAsync(OutwardsAsync, broken));

        async Task InwardsAsync(CancellationToken cancellation)
        {
            await client.Transport.Input.CopyToAsync(stream, cancellation);
            replica.Client.Shutdown(SocketShutdown.Send);
        }

        async Task OutwardsAsync(CancellationToken cancellation)
        {
            await stream.CopyToAsync(client.Transport.Output, cancellation);
            await client.Transport.Output.CompleteAsync();
        }
    }

    /// <summary>
    /// Connects to the next replica that accepts. Continues even if the client has already closed its sending side.
    /// </summary>
    private async Task<TcpClient> ConnectAsync()
    {
        foreach (var address in replicas.Next())
        {
            var replica = new TcpClient { NoDelay = true };
            try
            {
                await replica.ConnectAsync(address.Host, address.Port);
                return replica;
            }
            catch (SocketException)
            {
                replica.Dispose();
            }
        }

        throw new IOException("no replica is reachable");
    }

    /// <summary>Copies one direction. If it ends normally, the other one continues. If it fails, both end.</summary>
    private static async Task CopyAsync(Func<CancellationToken, Task> copy, CancellationTokenSource broken)
    {
        try
        {
            await copy(broken.Token);
        }
        catch
        {
            await broken.CancelAsync();
            throw;
        }
    }
}
