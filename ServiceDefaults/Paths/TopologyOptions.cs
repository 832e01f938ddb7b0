namespace Topology.ServiceDefaults.Paths;

/// <summary>What telemetry says of a service, in the configuration section <c>Topology</c>.</summary>
public sealed class TopologyOptions
{
    /// <summary>The configuration section.</summary>
    public const string Section = "Topology";

    /// <summary>The path of requests on this service's public listeners. An edge sets its own name; empty means no path.</summary>
    public string Path { get; set; } = TopologyPath.Direct;

    /// <summary>How many traces that start at this service are recorded per second. Traces of a trusted caller do not count.</summary>
    public int TracesPerSecond { get; set; } = 100;

    /// <summary>Whether <c>whoami</c> answers. If it is not set, it answers in Development only.</summary>
    public bool? WhoAmI { get; set; }
}
