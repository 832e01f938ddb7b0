using Topology.ManifestHost.Running;

namespace Topology.ManifestHost.Ingress;

/// <summary>Takes the replicas of a resource in turn, without those that do not run.</summary>
internal sealed class RoundRobin(IReadOnlyList<(Replica Replica, string Url)> targets)
{
    private uint _next;

    /// <returns>The base URL of the replica whose turn it is; null if none runs.</returns>
    public string? Next(Func<Replica, bool> isRunning)
    {
        var start = Interlocked.Increment(ref _next);
        for (var i = 0u; i < targets.Count; i++)
        {
            var (replica, url) = targets[(int)((start + i) % (uint)targets.Count)];
            if (isRunning(replica))
                return url;
        }
        return null;
    }
}
