namespace Topology.ServiceDefaults.Paths;

/// <summary>Telemetry settings of a service, in the configuration section <c>Topology</c>.</summary>
public sealed class TopologyOptions
{
    /// <summary>The configuration section.</summary>
    public const string Section = "Topology";

    /// <summary>The path of requests on this service's public listeners. An edge sets its own name; empty means no path.</summary>
    public string Path { get; set; } = TopologyPath.Direct;

    /// <summary>
    /// The maximum number of traces per second that start at this service. Traces continued from a trusted caller do not count.
    /// </summary>
    public int TracesPerSecond { get; set; } = 100;

    /// <summary>Whether <c>whoami</c> is available. By default, only in Development.</summary>
    public bool? WhoAmI { get; set; }
}
