using System.Globalization;
using Topology.Comparison;

namespace Topology.Comparison.Reports;

/// <summary>Parts of a result as text.</summary>
public static class ResultText
{
    /// <summary>Precedes the reasons why a result is not valid.</summary>
    public const string Invalid = "Not valid: do not use these numbers.";

    /// <summary>What the control found: the baseline measured a second time, compared with itself at the median.</summary>
    public static string Control(ComparisonResult result) => result.Control is not { } control
        ? "There were too few requests for a control."
        : control.IncludesZero
            ? $"The control found no difference (its interval includes 0): {control.Path} against itself, p50 {Interval(control)}."
            : $"The control found a difference where there is none: {control.Path} against itself, p50 {Interval(control)}. "
                + "The machine was too noisy to measure differences of that size.";

    /// <summary>What became of the user's limits.</summary>
    public static IEnumerable<string> Thresholds(ComparisonResult result) => result.Thresholds.Select(outcome => outcome switch
    {
        { Value: { } value, Exceeded: { } exceeded } => string.Create(
            CultureInfo.InvariantCulture,
            $"{(exceeded ? "Failed" : "Passed")}: --fail-if '{outcome.Expression}'; it is {value:0.###}{outcome.Unit}."),
        _ => $"Not decided: --fail-if '{outcome.Expression}'; the measurement does not tell.",
    });

    /// <summary><c>+0.210 ms [+0.190, +0.230]</c>.</summary>
    public static string Interval(Difference difference) =>
        $"{Signed(difference.Ms)} ms [{Signed(difference.Ci95[0])}, {Signed(difference.Ci95[1])}]";

    /// <summary>
    /// What a path adds to the baseline at a percentile, <c>+0.210 [+0.190, +0.230]</c> in milliseconds; a dash if unknown.
    /// </summary>
    public static string Added(ComparisonResult result, PathResult path, string percentile) =>
        result.Differences.FirstOrDefault(entry => entry.Path == path.Path && entry.Percentile == percentile) is { } difference
            ? Interval(difference).Replace(" ms", "", StringComparison.Ordinal)
            : "–";

    /// <summary><c>p99.9</c> for <c>p999</c>.</summary>
    public static string Title(string percentile) => ResultBuilder.Title(percentile);

    /// <summary>Milliseconds with three decimals.</summary>
    public static string Ms(double ms) => ms.ToString("0.000", CultureInfo.InvariantCulture);

    /// <summary>CPU by process: <c>catalog 31, edge 42, generator 28</c>.</summary>
    public static string Cpu(PathResult path) =>
        string.Join(
            ", ", path.CpuMicrosecondsPerRequest
            .Select(entry => string.Create(CultureInfo.InvariantCulture, $"{entry.Key} {entry.Value:0}")));

    internal static string Signed(double ms) => ResultBuilder.Signed(ms);
}
