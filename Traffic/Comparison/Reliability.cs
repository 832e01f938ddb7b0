namespace Topology.Comparison;

/// <summary>Why numbers of a run must not be used.</summary>
/// <param name="Path">The path; null if it concerns every path.</param>
/// <param name="Text">The reason, and what to change: a sentence.</param>
/// <param name="TailOnly">Whether the median can still be used.</param>
public sealed record Fault(string? Path, string Text, bool TailOnly);

/// <summary>Whether a percentile's difference allows a verdict.</summary>
/// <param name="Path">The path.</param>
/// <param name="Percentile"><c>p50</c>, <c>p90</c>, <c>p99</c> or <c>p999</c>.</param>
/// <param name="Reliable">Whether the difference can be used.</param>
/// <param name="Reason">Why not, in a sentence; null if reliable.</param>
/// <param name="TimesDuration">About how many times the duration is needed; null if a longer run is not the remedy.</param>
public sealed record Reliability(string Path, string Percentile, bool Reliable, string? Reason = null, int? TimesDuration = null)
{
    /// <summary>The number of requests that must lie beyond a percentile. With fewer, its value is random.</summary>
    internal const double BeyondPercentile = 10;

    /// <summary>An interval allows a verdict if it is not wider than the difference itself …</summary>
    private const double ShareOfDifference = 0.5;

    /// <summary>… or if its half is a small share of the baseline's latency, which also shows that a path adds nothing of note.</summary>
    private const double ShareOfBaseline = 0.1;

    internal static readonly (string Name, double Quantile)[] Percentiles = [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p999", 0.999)];

    /// <summary>The reliability of every compared path's percentiles.</summary>
    public static IReadOnlyList<Reliability> Of(ComparisonResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        return [
            .. from path in result.Paths
               where path.Path != result.Baseline && path.LatencyMs is not null
               from percentile in Percentiles
               select Of(result, path, percentile.Name, percentile.Quantile)];
    }

    private static Reliability Of(ComparisonResult result, PathResult path, string percentile, double quantile)
    {
        if (FaultOf(result, path.Path, percentile) is { } fault) return No(fault.Text);
        var baseline = result.Paths.FirstOrDefault(entry => entry.Path == result.Baseline);
        if (Find(result.Differences, path.Path) is not { } difference)
        {
            var (needed, had) = (BeyondPercentile / (1 - quantile), Math.Min(path.Requests, baseline?.Requests ?? 0));
            return No(
                $"Too few requests: {ResultBuilder.Title(percentile)} needs {needed:0} on each path.",
                had == 0 ? null : (int)Math.Ceiling(needed / had - 1e-6));
        }

        var half = (difference.Ci95[1] - difference.Ci95[0]) / 2;
        var allowed = Math.Max(Math.Abs(difference.Ms) * ShareOfDifference, Latency(baseline?.LatencyMs, percentile) * ShareOfBaseline);
        // The interval shrinks with the square root of the time.
        if (half > allowed)
        {
            return No("Its interval is too wide for a verdict.", Math.Max(2, (int)Math.Ceiling(Math.Pow(half / allowed, 2) - 0.5)));
        }

        // The control shows how far a path differs from itself. A difference must lie beyond that, whatever its own interval says.
        return Find(result.Controls, result.Baseline) is { IncludesZero: false } control && Near(difference) <= Far(control)
            ? No("The machine was too noisy: the control differs from itself by as much. Run again when it is quiet.")
            : new(path.Path, percentile, true);

        Difference? Find(IEnumerable<Difference> all, string of) =>
            all.FirstOrDefault(entry => entry.Path == of && entry.Percentile == percentile);

        Reliability No(string reason, int? times = null) => new(path.Path, percentile, false, reason, times);
    }

    private static Fault? FaultOf(ComparisonResult result, string path, string percentile) =>
        // Results stored by an earlier version have no faults, only the notes that begin with them.
        result is { Valid: false, Faults.Count: 0 } ? new(null, result.Notes is [var first, ..] ? first : "The run is not valid.", false)
        : result.Faults.FirstOrDefault(fault =>
            (fault.Path is null || fault.Path == path || fault.Path == result.Baseline) && !(fault.TailOnly && percentile == "p50"));

    private static double Near(Difference difference) =>
        difference.IncludesZero ? 0 : Math.Min(Math.Abs(difference.Ci95[0]), Math.Abs(difference.Ci95[1]));

    private static double Far(Difference difference) => Math.Max(Math.Abs(difference.Ci95[0]), Math.Abs(difference.Ci95[1]));

    private static double Latency(Latency? latency, string percentile) => latency is null ? 0 : percentile switch
    {
        "p50" => latency.P50,
        "p90" => latency.P90,
        "p99" => latency.P99,
        _ => latency.P999,
    };
}
