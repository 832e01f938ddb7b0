using System.Globalization;
using System.Text;
using Topology.Comparison;

namespace Topology.Comparison.Reports;

/// <summary>A result as Markdown, which the dashboard shows.</summary>
public static class MarkdownReport
{
    /// <summary>The verdict, then the numbers it comes from, and a link to the page.</summary>
    /// <param name="result">The result.</param>
    /// <param name="page">The address of the result on the page.</param>
    public static string Render(ComparisonResult result, string page) =>
        $"{Render(result)}\n[Charts and exports of this result]({page})\n";

    /// <summary>The table and the result in sentences.</summary>
    public static string Render(ComparisonResult result)
    {
        var text = new StringBuilder();
        foreach (var verdict in Verdict.Of(result))
        {
            var said = $"{verdict.Sentence} {verdict.Advice}".Trim();
            text.Append(CultureInfo.InvariantCulture, $"**{verdict.BadgeText}**: {Cell(said)}\n\n");
        }

        text.Append(Table(VerdictText.Titles(result), VerdictText.Rows(result)));
        foreach (var sentence in VerdictText.Remarks(result)) text.Append(CultureInfo.InvariantCulture, $"\n{sentence}\n");
        text.Append(CultureInfo.InvariantCulture, $"\n**{result.Workload}**: {HtmlReport.Load(result)}\n\n");
        text.Append(Table(
            ["path", "achieved/s", "errors", "p50 ms", "p99 ms", "Δ p50 ms [95 %]", "Δ p99 ms [95 %]", "CPU µs/request"],
            result.Paths.Select(path => (string[])[
                path.Path, path.AchievedRate.ToString("0", CultureInfo.InvariantCulture),
                path.Errors.ToString(CultureInfo.InvariantCulture),
                path.LatencyMs is { } latency ? ResultText.Ms(latency.P50) : "–",
                path.LatencyMs is { } tail ? ResultText.Ms(tail.P99) : "–",
                ResultText.Added(result, path, "p50"), ResultText.Added(result, path, "p99"), ResultText.Cpu(path)])));
        if (result.Notes.Count > 0) text.Append('\n');
        foreach (var note in result.Notes) text.Append(CultureInfo.InvariantCulture, $"- {Cell(note)}\n");
        return text.ToString();
    }

    public static string Table(IReadOnlyList<string> titles, IEnumerable<IReadOnlyList<string>> rows)
    {
        return string.Concat(rows.Prepend([.. titles.Select(_ => "---")]).Prepend(titles).Select(Row));

        static string Row(IReadOnlyList<string> cells) => $"| {string.Join(" | ", cells.Select(Cell))} |\n";
    }

    /// <summary>Escapes text so that it neither ends its cell nor becomes markup.</summary>
    private static string Cell(string text) =>
        text.ReplaceLineEndings(" ").Replace("|", "\\|", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal);
}
