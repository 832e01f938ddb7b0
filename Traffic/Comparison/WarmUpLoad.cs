using Topology.Comparison.Pacing;

namespace Topology.Comparison;

/// <summary>
/// Loads the paths to saturation, in turn, until none becomes faster. .NET recompiles hot code in the background. On two busy cores this
/// takes tens of seconds, and until then a request costs several times as much CPU.
/// </summary>
/// <param name="slice">How long a path is loaded at a time.</param>
/// <param name="mostRounds">The load ends after this many rounds, even if a path still becomes faster.</param>
internal sealed class WarmUpLoad(TimeSpan slice, int mostRounds)
{
    /// <summary>Enough to keep two cores busy.</summary>
    private const int Lanes = 8;

    /// <summary>Each warm-up request of such a workload stays in the store, which is read after the run.</summary>
    private const int MostRoundsThatWrite = 8;

    /// <summary>The load ends after this many rounds in a row in which no path became faster.</summary>
    private const int SteadyRounds = 4;

    private const double Noise = 1.05;

    /// <summary>Runs until the paths are warm.</summary>
    public void Run(IReadOnlyList<MeasuredPath> paths, Generator generator, bool writes, CancellationToken cancellationToken)
    {
        var best = new int[paths.Count];
        var most = writes ? Math.Min(MostRoundsThatWrite, mostRounds) : mostRounds;
        for (var (round, steady) = (0, 0); round < most && steady < SteadyRounds; round++)
        {
            steady++;
            for (var i = 0; i < paths.Count; i++)
            {
                var record = generator.Run(paths[i].Lanes.Lanes, new(null, Pacer.Ticks(slice), 0, Lanes), cancellationToken);
                cancellationToken.ThrowIfCancellationRequested();
                paths[i].WarmUp(record);
                if (record.Latencies.Count > best[i] * Noise) steady = 0;
                best[i] = Math.Max(best[i], record.Latencies.Count);
            }
        }
    }
}
