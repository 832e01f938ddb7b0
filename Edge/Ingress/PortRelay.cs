using System.IO.Pipelines;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;

namespace Topology.Ingress;

/// <summary>
/// A port of a resource besides its main ingress: the platform leads it as plain TCP to a replica. Nothing is added to what
/// passes, and nothing is read.
/// </summary>
internal sealed class PortRelay(RoundRobin replicas)
{
    public async Task RelayAsync(ConnectionContext client)
    {
        try
        {
            await ToReplicaAsync(client);
        }
        catch (Exception e) when (e is IOException or SocketException or OperationCanceledException)
        {
            // Either side broke off; the other shall see that too.
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

    /// <summary>Takes the next replica that accepts. The client's own state must not end this: it may have sent its last already.</summary>
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

        throw new IOException("no replica runs");
    }

    /// <summary>One direction may end before the other; one that breaks ends both.</summary>
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
