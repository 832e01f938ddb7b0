using System.Diagnostics;

namespace Topology.Hardening.Tracing;

/// <summary>The trace key of this process, for programs that belong to the topology but are not services.</summary>
public static class TraceKey
{
    /// <summary>The name of the header field that carries the key.</summary>
    public const string Field = TraceContextPropagation.KeyField;

    /// <summary>The key, or null if this process has none.</summary>
    public static string? Current => (DistributedContextPropagator.Current as TraceContextPropagation)?.Key;

    /// <summary>Makes this process send the key beside each trace context, so that services accept it; null sends no key.</summary>
    public static void Use(string? key) => DistributedContextPropagator.Current = new TraceContextPropagation(key);
}
