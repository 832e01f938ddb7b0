using System.IO.Pipelines;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Topology.ManifestHost.Manifests;

namespace Topology.ManifestHost.Ingress;

/// <summary>
/// A port of a resource besides its main ingress: the platform leads it as plain TCP to a replica. Nothing is added to what
/// passes, and nothing is looked at.
/// </summary>
/// <param name="next">The port of the replica whose turn it is; null if none runs.</param>
internal sealed class PortRelay(Func<int?> next)
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
        if (next() is not { } port)
            throw new IOException("no replica runs");

        using var replica = new TcpClient { NoDelay = true };
        // Not until the client's connection closes: for that it counts as closed already when it has sent its last.
        await replica.ConnectAsync(ValueResolver.Host, port);
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
