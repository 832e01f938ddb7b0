namespace Topology.Comparison.Pacing;

/// <summary>When requests start.</summary>
public enum Arrival
{
    /// <summary>Evenly spaced.</summary>
    Constant,

    /// <summary>At exponentially distributed intervals, like requests of many independent clients.</summary>
    Poisson,
}
