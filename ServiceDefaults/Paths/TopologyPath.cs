using System.Collections.Frozen;
using Microsoft.Extensions.Primitives;

namespace Topology.ServiceDefaults.Paths;

/// <summary>The ways a request can take to a backend, as the tag <c>topology.path</c> names them.</summary>
public static class TopologyPath
{
    /// <summary>The tag on server spans, client spans and <c>http.server.request.duration</c>.</summary>
    public const string Tag = "topology.path";

    /// <summary>The tag that names the workload.</summary>
    public const string WorkloadTag = "topology.workload";

    /// <summary>The header in which a proxy names itself to a backend's internal listener.</summary>
    public const string Header = "X-Topology-Edge";

    /// <summary>Edge-direct: no proxy between the client and the backend.</summary>
    public const string Direct = "direct";

    /// <summary>Every path, in the order in which they are shown; nothing else is ever a value of the tag.</summary>
    public static IReadOnlyList<string> All { get; } = [Direct, "edge", "edge-tls", "nginx", "apache", "haproxy", "yarp"];

    // One object for each value, so that no request makes a string of its own.
    private static readonly FrozenDictionary<string, string> Known = All.ToFrozenDictionary(path => path, StringComparer.Ordinal);

    /// <summary>The path that a header's value names, or null where it is absent, repeated or not one of <see cref="All"/>.</summary>
    public static string? Parse(StringValues header) =>
        header.Count == 1 && header[0] is { } value ? Known.GetValueOrDefault(value) : null;
}
