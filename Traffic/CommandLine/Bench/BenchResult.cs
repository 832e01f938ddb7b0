using System.Globalization;
using Topology.Comparison;

namespace Topology.CommandLine.Bench;

/// <summary>One edge with one number of connections. Each figure is the median of the repeats; null if not measured.</summary>
/// <param name="Edge">The edge.</param>
/// <param name="Connections">The client's connections, each with one request at a time.</param>
/// <param name="RequestsPerSecond">Successful responses per second.</param>
/// <param name="CpuMicrosecondsPerRequest">CPU of the edge and its workers alone.</param>
/// <param name="P50Ms">Latency at saturation, in milliseconds.</param>
/// <param name="P99Ms">Latency at saturation, in milliseconds.</param>
/// <param name="RssMiB">Resident memory of the edge; pages that its processes share count once.</param>
/// <param name="Errors">Requests without a successful response, in all repeats.</param>
public sealed record BenchRow(
    string Edge, int Connections, double? RequestsPerSecond, double? CpuMicrosecondsPerRequest, double? P50Ms, double? P99Ms,
        double? RssMiB, long Errors);

/// <summary>The ratio of our edge's figure to another edge's, calculated for each repeat that measured both.</summary>
/// <param name="Edge">The edge in the numerator.</param>
/// <param name="Against">The edge in the denominator.</param>
/// <param name="Metric">The row's figure and its connections, such as <c>requestsPerSecond@32</c>.</param>
/// <param name="Median">The median of the repeats.</param>
/// <param name="Min">The smallest.</param>
/// <param name="Max">The largest.</param>
public sealed record BenchRatio(string Edge, string Against, string Metric, double Median, double Min, double Max);

/// <summary>The result that <c>bench --json</c> writes.</summary>
/// <param name="Rows">Each edge with each number of connections.</param>
/// <param name="Ratios">The first edge against each other one.</param>
/// <param name="Valid">False if the numbers must not be used; <paramref name="Notes"/> say why.</param>
/// <param name="Notes">Remarks for the reader.</param>
public sealed record BenchResult(IReadOnlyList<BenchRow> Rows, IReadOnlyList<BenchRatio> Ratios, bool Valid, IReadOnlyList<string> Notes)
{
    /// <summary>
    /// Computes the result. Each repeat measured every edge in turn, so a ratio compares measurements taken at about the same time.
    /// </summary>
    /// <param name="repeats">Results of closed loops. Those with the same number of connections have the same paths; the first path is
    /// the numerator.</param>
    public static BenchResult From(IReadOnlyList<ComparisonResult> repeats)
    {
        var groups = repeats.GroupBy(repeat => repeat.Connections).OrderBy(group => group.Key).ToArray();
        return new(
            [.. from @group in groups
                from path in @group.First().Paths
                select Row(@group.Key, [.. @group.Select(repeat => repeat.Paths.Single(other => other.Path == path.Path))])],
            [.. from @group in groups
                from against in @group.First().Paths.Skip(1)
                from metric in Metrics
                let ratios =
                    Divide(metric.Of, @group.Select(repeat => (repeat.Paths[0], repeat.Paths.Single(path => path.Path == against.Path))))
                where ratios.Length > 0
                select new BenchRatio(
                    @group.First().Paths[0].Path, against.Path, string.Create(CultureInfo.InvariantCulture, $"{metric.Name}@{@group.Key}"),
                    Median(ratios)!.Value, ratios.Min(), ratios.Max())],
            repeats.All(repeat => repeat.Valid),
            [.. repeats.Where(repeat => !repeat.Valid).SelectMany(repeat => repeat.Notes)
                .Concat(repeats.SelectMany(repeat => repeat.Paths).Where(path => path.Error is not null)
                    .Select(path => $"{path.Path}: {path.Error}"))
                .Distinct()]);
    }

    private static readonly (string Name, Func<PathResult, double?> Of)[] Metrics = [
        ("requestsPerSecond", path => path.AchievedRate),
        ("cpuMicrosecondsPerRequest", Cpu),
        ("p50Ms", P50),
        ("p99Ms", P99),
    ];

    private static BenchRow Row(int connections, PathResult[] repeats) => new(
        repeats[0].Path, connections,
        Of(repeats, path => path.AchievedRate), Of(repeats, Cpu), Of(repeats, P50), Of(repeats, P99),
        Of(repeats, path => Named(path.MemoryMiB, path.Path)), repeats.Sum(path => path.Errors));

    private static double? Of(PathResult[] repeats, Func<PathResult, double?> metric) => Median(repeats.Select(metric).OfType<double>());

    private static double[] Divide(Func<PathResult, double?> metric, IEnumerable<(PathResult Edge, PathResult Against)> repeats) =>
    [
        .. from repeat in repeats
           let ratio = metric(repeat.Edge) / metric(repeat.Against)
           where ratio is { } number && double.IsFinite(number)
           select ratio.Value,
    ];

    private static double? P50(PathResult path) => path.LatencyMs?.P50;

    private static double? P99(PathResult path) => path.LatencyMs?.P99;

    private static double? Cpu(PathResult path) => Named(path.CpuMicrosecondsPerRequest, path.Path);

    private static double? Named(IReadOnlyDictionary<string, double> figures, string name) =>
        figures.TryGetValue(name, out var figure) ? figure : null;

    private static double? Median(IEnumerable<double> values) => values.Order().ToArray() is { Length: > 0 } sorted
        ? (sorted[sorted.Length / 2] + sorted[(sorted.Length - 1) / 2]) / 2
        : null;
}
