namespace Topology.ServiceDefaults;

/// <summary>What every service of the topology can be told, in the configuration section <c>Topology</c>.</summary>
public sealed class TopologyOptions
{
    /// <summary>The configuration section.</summary>
    public const string Section = "Topology";

    /// <summary>The path that requests on this service's public listeners take; an edge gives its own name, empty means none.</summary>
    public string Path { get; set; } = Paths.TopologyPath.Direct;

    /// <summary>IP addresses and CIDR networks of the proxies whose forwarded headers internal listeners believe.</summary>
    public IList<string> KnownProxies { get; } = [];

    /// <summary>How many proxies stand in front of an internal listener.</summary>
    public int ForwardLimit { get; set; } = 1;
}
