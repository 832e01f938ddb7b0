using System.Collections.Frozen;
using Microsoft.Extensions.Primitives;

namespace Topology.ServiceDefaults.Paths;

/// <summary>The possible paths to a backend: the values of the tag <c>topology.path</c>.</summary>
public static class TopologyPath
{
    /// <summary>The path tag on server spans, client spans and <c>http.server.request.duration</c>.</summary>
    public const string Tag = "topology.path";

    /// <summary>The workload tag.</summary>
    public const string WorkloadTag = "topology.workload";

    /// <summary>The header with which a proxy identifies itself to a backend's internal listener.</summary>
    public const string Header = "X-Topology-Edge";

    /// <summary>Edge-direct: no proxy between the client and the backend.</summary>
    public const string Direct = "direct";

    /// <summary>All tag values, in display order.</summary>
    public static IReadOnlyList<string> All { get; } = [Direct, "edge", "edge-tls", "nginx", "apache", "haproxy", "yarp"];

    // Shared objects avoid a new string per request.
    private static readonly FrozenDictionary<string, string> Known = All.ToFrozenDictionary(path => path, StringComparer.Ordinal);

    /// <summary>Parses the header value; null if it is missing, repeated or not one of <see cref="All"/>.</summary>
    public static string? Parse(StringValues header) =>
        header.Count == 1 && header[0] is { } value ? Known.GetValueOrDefault(value) : null;
}
