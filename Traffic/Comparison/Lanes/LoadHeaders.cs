using Topology.Hardening.Tracing;

namespace Topology.Comparison.Lanes;

/// <summary>The headers of load requests; the same on every path and in every protocol.</summary>
internal static class LoadHeaders
{
    public const string UserAgent = "Topology-Traffic";
    public const string Key = "Idempotency-Key";

    private static readonly string TraceParent = $"00-{Guid.NewGuid():N}-{Guid.NewGuid().ToString("N")[..16]}-00";

    /// <summary>
    /// Says "not recorded", so that load does not fill a dashboard that keeps 10,000 traces. Services follow it because of the
    /// topology's key. Without a key, only <c>traceparent</c> is sent.
    /// </summary>
    public static IEnumerable<(string Name, string Value)> Trace =>
        TraceKey.Current is { } key ? [("traceparent", TraceParent), (TraceKey.Field, key)] : [("traceparent", TraceParent)];
}
