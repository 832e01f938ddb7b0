using Topology.Comparison.Workloads;
using Topology.Hardening.Tracing;

namespace Topology.Comparison.Lanes;

/// <summary>The headers of load requests; the same on every path and in every protocol.</summary>
internal static class LoadHeaders
{
    public const string UserAgent = "Topology-Traffic";
    public const string Agent = "User-Agent";
    public const string Host = "Host";
    public const string Key = "Idempotency-Key";

    private static readonly string TraceParent = $"00-{Guid.NewGuid():N}-{Guid.NewGuid().ToString("N")[..16]}-00";

    /// <summary>
    /// Trace headers that mark measured requests as not sampled: the dashboard keeps only 10,000 traces. Services accept this decision
    /// only with the topology's trace key. If no key is configured, only <c>traceparent</c> is sent.
    /// </summary>
    public static IEnumerable<(string Name, string Value)> Trace =>
        TraceKey.Current is { } key ? [("traceparent", TraceParent), (TraceKey.Field, key)] : [("traceparent", TraceParent)];

    /// <summary>The headers of a request, without <c>Host</c> and those of its body, unless the request itself names them.</summary>
    public static IEnumerable<(string Name, string Value)> Of(Workload workload, WorkloadRequest request) =>
        [.. Find(request, Agent) is null ? [(Agent, UserAgent)] : Array.Empty<(string, string)>(),
            .. workload.IsOwn ? [] : Trace, .. request.Headers];

    /// <summary>A header field that the request itself names, or null.</summary>
    public static string? Find(WorkloadRequest request, string name) =>
        request.Headers.FirstOrDefault(header => header.Name.Equals(name, StringComparison.OrdinalIgnoreCase)).Value;
}
