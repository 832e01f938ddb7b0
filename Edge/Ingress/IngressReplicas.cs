namespace Topology.Ingress;

/// <summary>Selects a resource's replicas in turn.</summary>
internal sealed class IngressReplicas(IReadOnlyList<Uri> targets)
{
    private uint _next;

    /// <summary>All replicas, starting with the next one in turn.</summary>
    public IEnumerable<Uri> Next()
    {
        var start = Interlocked.Increment(ref _next);
        for (var i = 0u; i < targets.Count; i++) yield return targets[(int)((start + i) % (uint)targets.Count)];
    }
}
