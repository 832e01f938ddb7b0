namespace Topology.Comparison.Pacing;

/// <summary>When requests start.</summary>
public enum Arrival
{
    /// <summary>At equal distances.</summary>
    Constant,

    /// <summary>At exponentially distributed distances: requests of many independent clients.</summary>
    Poisson,
}
