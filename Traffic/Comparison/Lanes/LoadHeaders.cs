using Topology.Hardening.Tracing;

namespace Topology.Comparison.Lanes;

/// <summary>The headers of load requests; the same on every path and in every protocol.</summary>
internal static class LoadHeaders
{
    public const string UserAgent = "Topology-Traffic";
    public const string Key = "Idempotency-Key";

    private static readonly string TraceParent = $"00-{Guid.NewGuid():N}-{Guid.NewGuid().ToString("N")[..16]}-00";

    /// <summary>
    /// Trace headers that mark measured requests as not sampled: the dashboard keeps only 10,000 traces. Services accept this decision
    /// only with the topology's trace key. If no key is configured, only <c>traceparent</c> is sent.
    /// </summary>
    public static IEnumerable<(string Name, string Value)> Trace =>
        TraceKey.Current is { } key ? [("traceparent", TraceParent), (TraceKey.Field, key)] : [("traceparent", TraceParent)];
}
