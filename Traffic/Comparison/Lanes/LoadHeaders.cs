using System.Buffers.Text;
using System.Diagnostics;
using System.Globalization;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;
using Topology.Comparison.Targets;
using Topology.Comparison.Workloads;
using Topology.Hardening.Tracing;

namespace Topology.Comparison.Lanes;

/// <summary>The headers of a request whose only purpose is load; the same on every path and in every protocol.</summary>
internal static class LoadHeaders
{
    public const string UserAgent = "Topology-Traffic";
    public const string Key = "Idempotency-Key";

    private static readonly string TraceParent = $"00-{Guid.NewGuid():N}-{Guid.NewGuid().ToString("N")[..16]}-00";

    /// <summary>
    /// Says "not recorded", so that load does not fill a dashboard that keeps 10,000 traces. Services follow it with the
    /// topology's key; an application that is no part of the topology gets the field alone.
    /// </summary>
    public static IEnumerable<(string Name, string Value)> Trace =>
        TraceKey.Current is { } key ? [("traceparent", TraceParent), (TraceKey.Field, key)] : [("traceparent", TraceParent)];
}
