using System.Globalization;
using Topology.Comparison;

namespace Topology.CommandLine.Bench;

/// <summary>One edge at one number of connections; each figure is the median of the repeats, null where nothing was measured.</summary>
/// <param name="Edge">The edge.</param>
/// <param name="Connections">Connections of the client, each with one request at a time.</param>
/// <param name="RequestsPerSecond">Good answers for each second.</param>
/// <param name="CpuMicrosecondsPerRequest">CPU of the edge alone, with its workers.</param>
/// <param name="P50Ms">Latency at saturation, in milliseconds.</param>
/// <param name="P99Ms">Latency at saturation, in milliseconds.</param>
/// <param name="RssMiB">Resident memory of the edge: what its processes share counts once.</param>
/// <param name="Errors">Requests without a good answer, in all repeats.</param>
public sealed record BenchRow(
    string Edge, int Connections, double? RequestsPerSecond, double? CpuMicrosecondsPerRequest, double? P50Ms, double? P99Ms,
        double? RssMiB, long Errors);

/// <summary>Our edge divided by another one, repeat by repeat, where both were measured.</summary>
/// <param name="Edge">The edge above the line.</param>
/// <param name="Against">The edge below it.</param>
/// <param name="Metric">The row's figure and its connections, such as <c>requestsPerSecond@32</c>.</param>
/// <param name="Median">The median of the repeats.</param>
/// <param name="Min">The smallest.</param>
/// <param name="Max">The largest.</param>
public sealed record BenchRatio(string Edge, string Against, string Metric, double Median, double Min, double Max);

/// <summary>What <c>bench --json</c> writes.</summary>
/// <param name="Rows">Each edge at each number of connections.</param>
/// <param name="Ratios">The first edge against each other one.</param>
/// <param name="Valid">False where the numbers must not be used; <paramref name="Notes"/> say why.</param>
/// <param name="Notes">What a reader must know.</param>
public sealed record BenchResult(IReadOnlyList<BenchRow> Rows, IReadOnlyList<BenchRatio> Ratios, bool Valid, IReadOnlyList<string> Notes)
{
    /// <summary>
    /// Reckons from repeats: in each of them every edge was measured in turn, so that their ratios are of the same minutes.
    /// </summary>
    /// <param name="repeats">Results in a closed loop; those with one number of connections have the same paths, the first of which is
    /// above the line.</param>
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

    private static readonly (string Name, Func<PathResult, double?> Of)[] Metrics =
    [
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
