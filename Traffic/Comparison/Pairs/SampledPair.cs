using System.Diagnostics;
using Topology.Comparison.Targets;
using Topology.Comparison.Workloads;

namespace Topology.Comparison.Pairs;

/// <summary>
/// Sends traced pairs from a process that exports no telemetry: the requests on all paths carry one trace id, under which
/// the services record their spans.
/// </summary>
public sealed class SampledPair(PairSender sender)
{
    /// <summary>Sends one pair.</summary>
    /// <returns>The trace id; null if nothing was traced.</returns>
    public async Task<string?> SendAsync(Workload workload, CancellationToken cancellationToken)
    {
        // Activities are created only while a listener exists. This listener does not store them.
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == PairSender.TelemetryName,
            Sample = static (ref _) => ActivitySamplingResult.AllDataAndRecorded,
        };
        ActivitySource.AddActivityListener(listener);
        return (await sender.SendAsync(workload, cancellationToken)).TraceId;
    }
}
