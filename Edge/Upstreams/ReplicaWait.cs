using Microsoft.Extensions.Options;
using Yarp.ReverseProxy.Model;

namespace Topology.Edge.Upstreams;

/// <summary>Lets requests wait a short time for a replica of a service that has none at the moment, such as during a restart.</summary>
internal sealed class ReplicaWait(IOptions<UpstreamOptions> options, TimeProvider time)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(50);

    private int _waiting;

    /// <summary>Waits until the cluster has an available replica.</summary>
    /// <param name="cluster">The cluster.</param>
    /// <param name="since">When the request first failed, as <see cref="TimeProvider.GetTimestamp"/> gives it.</param>
    /// <param name="aborted">Cancelled if nobody waits for the response any more.</param>
    /// <returns>Whether there is one; false if the time is over or too many requests wait already.</returns>
    public async Task<bool> ForReplicaAsync(ClusterState cluster, long since, CancellationToken aborted)
    {
        try
        {
            // Waiting requests hold memory and places. Their number is limited, so that one service's restart does not stop others.
            if (Interlocked.Increment(ref _waiting) > options.Value.WaitingRequests) return false;
            while (time.GetElapsedTime(since) < options.Value.ReplicaWait)
            {
                await Task.Delay(Interval, time, aborted);
                if (cluster.DestinationsState.AvailableDestinations.Count > 0) return true;
            }

            return false;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }
    }
}
