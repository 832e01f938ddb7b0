namespace Topology.Ingress;

/// <summary>Takes the replicas of a resource in turn.</summary>
internal sealed class RoundRobin(IReadOnlyList<Uri> targets)
{
    private uint _next;

    /// <summary>Every replica once, beginning with the one whose turn it is.</summary>
    public IEnumerable<Uri> Next()
    {
        var start = Interlocked.Increment(ref _next);
        for (var i = 0u; i < targets.Count; i++) yield return targets[(int)((start + i) % (uint)targets.Count)];
    }
}
