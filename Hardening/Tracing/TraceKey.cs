using System.Diagnostics;

namespace Topology.Hardening.Tracing;

/// <summary>
/// The key with which this process sends trace contexts, for programs that are no service of the topology but belong to it.
/// </summary>
public static class TraceKey
{
    /// <summary>The field that carries the key.</summary>
    public const string Field = TraceContextPropagation.KeyField;

    /// <summary>Null if this process has none.</summary>
    public static string? Current => (DistributedContextPropagator.Current as TraceContextPropagation)?.Key;

    /// <summary>From now on, this process sends contexts with that key.</summary>
    public static void Use(string? key) => DistributedContextPropagator.Current = new TraceContextPropagation(key);
}
