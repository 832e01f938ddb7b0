using System.Globalization;
using System.Net;
using System.Text;
using Topology.Comparison;

namespace Topology.Comparison.Reports;

/// <summary>A result as one self-contained HTML file without scripts, fonts or network requests.</summary>
public static class HtmlReport
{
    private const string Style = """
        :root { color-scheme: light dark; --line: light-dark(#d5d9e0, #3a404b); --muted: light-dark(#596273, #a3acbb);
          --s0: light-dark(#1f6feb, #79b0ff); --s1: light-dark(#a04100, #ffb27a); --s2: light-dark(#157347, #63d297);
          --s3: light-dark(#7a3fd1, #c6a5ff); --s4: light-dark(#b3196a, #ff93c4); --s5: light-dark(#00707a, #5cd6e0); --s6: light-dark(#6b5900, #e0c95c); }
        body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1rem;
          background: light-dark(#fff, #16191f); color: light-dark(#1b1f27, #e7eaf0); }
        table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; } th, td { text-align: end;
          padding: .3rem .6rem; border-bottom: 1px solid var(--line); }
        th:first-child { text-align: start; } .wide { overflow-x: auto; } .verdict { border-inline-start: .3rem solid var(--c);
          padding-inline-start: .6rem; } .verdict b { border: 1px solid currentColor; border-radius: 1rem; padding: 0 .6rem; }
        svg { width: 100%; height: auto; } svg text { font: 12px system-ui, sans-serif; fill: currentColor; } .mid { text-anchor: middle;
          } .end { text-anchor: end; }
        .grid { stroke: var(--line); } .zero { stroke: currentColor; stroke-dasharray: 3 3; } .line { fill: none; stroke: var(--c);
          stroke-width: 2; } .dot, .bar { fill: var(--c); }
        svg text.on { fill: light-dark(#fff, #16191f); }
        .s0, .c0 { --c: var(--s0); } .s1, .c1 { --c: var(--s1); } .s2, .c2 { --c: var(--s2); } .s3, .c3 { --c: var(--s3); }
          .s4 { --c: var(--s4); } .s5 { --c: var(--s5); } .s6 { --c: var(--s6); }
        .legend span { margin-inline-end: 1rem; border-inline-start: .8rem solid var(--c); padding-inline-start: .4rem; }
        """;

    /// <summary>How every result is measured, for a reader who has only the file.</summary>
    private static readonly string[] Method = [
        "The same requests went down every path in short blocks, one path at a time, in random order, after the paths were warm. Every "
        + "response was compared with the first path's.",
        "Latency counts from the planned time of a request, so a stall counts for every request that was due during it.",
        "A difference is paired: its 95 % interval comes from resampling whole rounds. Solid means that p50 and p99 both allow a verdict: "
        + "half the interval is at most half the difference, or a tenth of the first path's own latency, and the control is quieter.",
        "The control measures the first path twice and compares it with itself. What it finds is noise.",
        "CPU is what the services' processes used during a path's blocks, divided by its requests; the generator is not in the verdict. "
        + "All ran on one machine: no network hides a proxy's latency or adds to it.",
    ];

    /// <summary>The file's text.</summary>
    public static string Render(ComparisonResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        var title = $"{result.Workload}, {string.Join(" and ", result.Paths.Select(path => path.Path))}";
        var html = new StringBuilder(
            $"<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, "
            + $"initial-scale=1\"><title>{Text(title)}</title><style>{Style}</style></head><body>\n");
        html.Append(CultureInfo.InvariantCulture, $"<h1>{Text(title)}</h1>\n<h2>Verdict</h2>\n");
        foreach (var verdict in Verdict.Of(result))
        {
            html.Append(
                CultureInfo.InvariantCulture,
                $"<p class=\"verdict s{SvgCharts.Colour(verdict.Path)}\"><b>{verdict.BadgeText}</b> {Text(verdict.Sentence)} "
                + $"{Text(verdict.Advice ?? "")}</p>\n");
        }

        Table(html, VerdictText.Titles(result), VerdictText.Rows(result));
        foreach (var sentence in VerdictText.Remarks(result)) html.Append(CultureInfo.InvariantCulture, $"<p>{Text(sentence)}</p>\n");
        html.Append(CultureInfo.InvariantCulture, $"<h2>Numbers</h2>\n<p>{Text(Load(result))}</p>\n");
        if (result.Notes.Count > 0)
        {
            html.Append(CultureInfo.InvariantCulture, $"<ul>{string.Concat(result.Notes.Select(note => $"<li>{Text(note)}</li>"))}</ul>\n");
        }
        Table(html, NumberTitles, result.Paths.Select(Numbers));
        string[] names = [.. result.Paths.Select(path => path.Path)];
        var legend =
            string.Concat(names.Select(name => $"<span class=\"s{SvgCharts.Colour(name, names)}\">{Text(name)}</span>"));
        html.Append(CultureInfo.InvariantCulture, $"<h2>Latency by percentile, ms</h2><p class=\"legend\">{legend}</p>{Curve(result)}\n");
        html.Append(CultureInfo.InvariantCulture, $"<h2>Differences to {Text(result.Baseline)}</h2>{SvgCharts.Intervals(result)}\n");
        html.Append(CultureInfo.InvariantCulture, $"<h2>Median over time, ms</h2><p class=\"legend\">{legend}</p>{OverTime(result)}\n");
        html.Append(CultureInfo.InvariantCulture, $"<h2>CPU per request, µs</h2>{SvgCharts.CpuBars(result)}\n");
        html.Append(CultureInfo.InvariantCulture, $"<h2>Method</h2>{string.Concat(Method.Select(text => $"<p>{Text(text)}</p>\n"))}");
        return html.Append("</body></html>\n").ToString();
    }

    /// <summary>The load, the time and the machine, in one sentence.</summary>
    public static string Load(ComparisonResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        var load = result.Arrival == "closed-loop" || result.Paths[0].OfferedRate is not { } rate
            ? "as fast as responses returned,"
            : string.Create(
                CultureInfo.InvariantCulture,
                $"{rate:0.#} requests per second, {(result.Arrival == "poisson" ? "random arrivals" : "evenly spaced")},");
        return string.Create(CultureInfo.InvariantCulture,
            $"{result.Protocol} {Security(result)}, {load} on {result.Connections} connections, {result.Rounds} "
                + $"blocks of {result.DurationSeconds / result.Rounds:0.##} s on each path, {Network(result)}"
                + $"{result.StartedAt:yyyy-MM-dd HH:mm} UTC, "
                + $"{result.Machine}.") + string.Concat(result.Paths.Where(path => path.Url is not null).Select(
                    path => $" {path.Path} is {path.Url!.AbsoluteUri.TrimEnd('/')}."));
    }

    private static string Network(ComparisonResult result) => result.EmulatedDelayMs > 0
        ? string.Create(CultureInfo.InvariantCulture, $"behind an emulated network of {result.EmulatedDelayMs:0.###} ms, ") : "";

    private static string Security(ComparisonResult result) =>
        result.Paths.Select(path => path.Url?.Scheme).Distinct().Count() > 1 ? "over TLS on some paths"
        : result.Tls ? "over TLS" : "in cleartext";

    private static readonly string[] NumberTitles =
        ["path", "achieved/s", "errors", "p50 ms", "p90 ms", "p99 ms", "p99.9 ms", "max ms", "CPU µs/request", "protocol"];

    private static IReadOnlyList<string> Numbers(PathResult path) => [
        path.Path, VerdictText.Number(path.AchievedRate, "0"), VerdictText.Number(path.Errors, "0"),
        .. ((double?[])[path.LatencyMs?.P50, path.LatencyMs?.P90, path.LatencyMs?.P99, path.LatencyMs?.P999, path.LatencyMs?.Max])
            .Select(ms => VerdictText.Number(ms, "0.000")),
        ResultText.Cpu(path), path.Sameness.Protocol ?? "–"];

    private static void Table(StringBuilder html, IEnumerable<string> titles, IEnumerable<IReadOnlyList<string>> rows)
    {
        html.Append(CultureInfo.InvariantCulture,
            $"<div class=\"wide\"><table><thead><tr>{string.Concat(titles.Select(title => $"<th scope=\"col\">{Text(title)}</th>"))}</tr>"
            + $"</thead><tbody>\n");
        foreach (var row in rows)
        {
            html.Append(CultureInfo.InvariantCulture,
                $"<tr><th scope=\"row\">{Text(row[0])}</th>{string.Concat(row.Skip(1).Select(cell => $"<td>{Text(cell)}</td>"))}</tr>\n");
        }

        html.Append("</tbody></table></div>\n");
    }

    private static string Curve(ComparisonResult result)
    {
        (double, string)[] ticks = [(0, "0 %"), (1, "90 %"), (2, "99 %"), (3, "99.9 %"), (4, "99.99 %"), (5, "99.999 %")];
        var lines = result.Paths
            .Select(path => new ChartLine(path.Path, [.. path.Curve.Select(point => (Nines(point.Quantile), point.Ms))])).ToList();
        var most = lines.SelectMany(line => line.Points).Select(point => point.X).DefaultIfEmpty(0).Max();
        return SvgCharts.Lines("Latency by percentile", lines, "percentile", [.. ticks.Where(tick => tick.Item1 <= most + 0.01)]);
    }

    private static string OverTime(ComparisonResult result)
    {
        var lines =
            result.Paths.Select(path => new ChartLine(path.Path, [.. path.Blocks.Select(block => (block.Seconds, block.P50Ms))])).ToList();
        var end = lines.SelectMany(line => line.Points).Select(point => point.X).DefaultIfEmpty(0).Max();
        return SvgCharts.Lines(
            "Median latency over time", lines, "seconds",
            [.. Enumerable.Range(0, 6).Select(i => (end * i / 5, (end * i / 5).ToString("0", CultureInfo.InvariantCulture)))]);
    }

    /// <summary>How many nines a quantile has: 0.99 has 2.</summary>
    public static double Nines(double quantile) => -Math.Log10(1 - quantile);

    private static string Text(string text) => WebUtility.HtmlEncode(text);
}
