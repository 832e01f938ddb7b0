using System.Diagnostics;
using Topology.Comparison.Targets;
using Topology.Comparison.Workloads;

namespace Topology.Comparison.Pairs;

/// <summary>
/// A traced pair of a process that exports no telemetry of its own: one trace id in the requests to all paths, whose
/// services then show their spans under it.
/// </summary>
public sealed class SampledPair(PairSender sender)
{
    /// <summary>Sends one pair.</summary>
    /// <returns>The trace's id; null where no path answered.</returns>
    public async Task<string?> SendAsync(Workload workload, CancellationToken cancellationToken)
    {
        // Listening is what makes activities; nothing is kept of them.
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == PairSender.TelemetryName,
            Sample = static (ref _) => ActivitySamplingResult.AllDataAndRecorded,
        };
        ActivitySource.AddActivityListener(listener);
        return (await sender.SendAsync(workload, cancellationToken)).TraceId;
    }
}
