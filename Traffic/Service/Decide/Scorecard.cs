using Topology.Claims;
using Topology.Comparison;
using Topology.Comparison.Reports;
using Topology.Traffic.Claims;

namespace Topology.Traffic.Decide;

/// <summary>A cell: a short text and its evidence.</summary>
/// <param name="Text">What the evidence shows, or what would show it.</param>
/// <param name="Link">The evidence, or where to get it.</param>
/// <param name="State">How the evidence stands.</param>
internal sealed record Cell(string Text, string Link, CellState State);

/// <summary>How a cell's evidence stands.</summary>
internal enum CellState
{
    /// <summary>There is none here.</summary>
    Missing,

    /// <summary>It shows what is expected.</summary>
    Shown,

    /// <summary>It contradicts the expectation.</summary>
    Contradicted,
}

/// <summary>A row of cells, one for each of <see cref="Scorecard.Columns"/>.</summary>
internal sealed record ScoreRow(string Title, IReadOnlyList<Cell> Cells);

/// <summary>What is known about each setup. Every cell comes from a claim's result or a comparison; none is a guess.</summary>
internal static class Scorecard
{
    /// <summary>The document about proxies, which this service serves.</summary>
    public const string ProxiesDocument = "docs/proxies.md";

    private const string Iis = "iis";

    /// <summary>The setups: path and title.</summary>
    public static IReadOnlyList<(string Path, string Title)> Columns { get; } = [
        ("direct", "direct"), ("edge", "YARP edge"), ("nginx", "nginx"), ("apache", "Apache"), ("haproxy", "HAProxy"), (Iis, "IIS")];

    /// <summary>All rows.</summary>
    /// <param name="claims">The state of a claim.</param>
    /// <param name="comparison">The newest comparison of the catalog workload; null without one.</param>
    /// <param name="id">The comparison's number.</param>
    public static IReadOnlyList<ScoreRow> Rows(Func<string, ClaimState> claims, ComparisonResult? comparison, long id)
    {
        ScoreRow[] checks = [.. RowRule.All.Select(row => new ScoreRow(row.Title, Cells(path => FromClaim(row, path, claims))))];
        return [
            .. checks[..^1],
            Measured("latency", Latency),
            Measured("CPU", (result, path) => Verdict.Cpu(result, path) is { } cpu
                ? $"{VerdictText.Number(cpu.MsPerRequest, "0.000")} ms/request"
                    + (cpu.TimesDirect is { } times ? $", {VerdictText.Number(times, "0.0")} × direct" : "")
                : null),
            Measured("memory", (result, path) => Verdict.Memory(path) is { } memory ? $"{VerdictText.Number(memory, "0")} MiB" : null),
            checks[^1], // Operations: what remains to be done every day.
        ];

        ScoreRow Measured(string title, Func<ComparisonResult, PathResult, string?> text) => new(title, Cells(path =>
            comparison?.Paths.FirstOrDefault(entry => entry.Path == path) is { LatencyMs: not null } measured
            && text(comparison, measured) is { } known
                ? new(known, $"/?comparison={id}", CellState.Shown)
                : new("not measured", "/#compare", CellState.Missing)));
    }

    private static IReadOnlyList<Cell> Cells(Func<string, Cell> cell) => [
        .. Columns.Select(column => column.Path == Iis
            ? new("documented, not run", ProxiesDocument, CellState.Missing) : cell(column.Path))];

    private static Cell FromClaim(RowRule row, string path, Func<string, ClaimState> claims)
    {
        var rule = path switch { "direct" => row.Direct, "edge" => row.Edge, _ => row.Others };
        if (rule is null) return new("not checked: no claim looks at this", Link(row.Claim), CellState.Missing);
        var state = claims(rule.Claim);
        if (state.MissingRequirement is { } need) return Missing($"not checked: needs {need.What}");
        if (state.Result is not { } result) return Missing($"not checked: run claim {rule.Claim}");
        return rule.Judge(result, path) switch
        {
            true => new(rule.Holds, Link(rule.Claim), CellState.Shown),
            false => new(rule.Fails, Link(rule.Claim), CellState.Contradicted),
            null => Missing($"not checked: {(path is "direct" or "edge" ? "" : $"start {path}, then ")}run claim {rule.Claim}"),
        };

        Cell Missing(string text) => new(text, Link(rule.Claim), CellState.Missing);
    }

    private static string Link(string claim) => $"claims#{claim}";

    private static string? Latency(ComparisonResult result, PathResult path) => path.Path == result.Baseline
        ? $"p50 {ResultText.Ms(path.LatencyMs!.P50)} ms, p99 {ResultText.Ms(path.LatencyMs.P99)} ms"
        : $"p50 {Verdict.Added(result, path.Path, "p50")}; p99 {Verdict.Added(result, path.Path, "p99")}";
}
