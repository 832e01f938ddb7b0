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
        th:first-child { text-align: start; } .wide { overflow-x: auto; } .bad { color: light-dark(#b3261e, #ff8a80); font-weight: 600; }
        svg { width: 100%; height: auto; } svg text { font: 12px system-ui, sans-serif; fill: currentColor; } .mid { text-anchor: middle;
          } .end { text-anchor: end; }
        .grid { stroke: var(--line); } .zero { stroke: currentColor; stroke-dasharray: 3 3; } .line { fill: none; stroke: var(--c);
          stroke-width: 2; } .dot, .bar { fill: var(--c); }
        svg text.on { fill: light-dark(#fff, #16191f); }
        .s0, .c0 { --c: var(--s0); } .s1, .c1 { --c: var(--s1); } .s2, .c2 { --c: var(--s2); } .s3, .c3 { --c: var(--s3); }
          .s4 { --c: var(--s4); } .s5 { --c: var(--s5); } .s6 { --c: var(--s6); }
        .legend span { margin-inline-end: 1rem; border-inline-start: .8rem solid var(--c); padding-inline-start: .4rem; }
        """;

    /// <summary>The file's text.</summary>
    public static string Render(ComparisonResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        var title = $"{result.Workload}, {string.Join(" and ", result.Paths.Select(path => path.Path))}";
        var html = new StringBuilder(
            $"<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, "
            + $"initial-scale=1\"><title>{Text(title)}</title><style>{Style}</style></head><body>\n");
        html.Append(CultureInfo.InvariantCulture, $"<h1>{Text(title)}</h1>\n<p>{Text(Load(result))}</p>\n");
        if (!result.Valid) html.Append(CultureInfo.InvariantCulture, $"<p class=\"bad\">{ResultText.Invalid}</p>\n");
        foreach (var sentence in ResultText.Findings(result))
        {
            html.Append(CultureInfo.InvariantCulture, $"<p>{Text(sentence)}</p>\n");
        }
        if (result.Notes.Count > 0)
        {
            html.Append(CultureInfo.InvariantCulture, $"<ul>{string.Concat(result.Notes.Select(note => $"<li>{Text(note)}</li>"))}</ul>\n");
        }
        Table(html, result);
        string[] names = [.. result.Paths.Select(path => path.Path)];
        var legend =
            string.Concat(names.Select(name => $"<span class=\"s{SvgCharts.Colour(name, names)}\">{Text(name)}</span>"));
        html.Append(CultureInfo.InvariantCulture, $"<h2>Latency by percentile, ms</h2><p class=\"legend\">{legend}</p>{Curve(result)}\n");
        html.Append(CultureInfo.InvariantCulture, $"<h2>Differences to {Text(result.Baseline)}</h2>{SvgCharts.Intervals(result)}\n");
        html.Append(CultureInfo.InvariantCulture, $"<h2>Median over time, ms</h2><p class=\"legend\">{legend}</p>{OverTime(result)}\n");
        html.Append(CultureInfo.InvariantCulture, $"<h2>CPU per request, µs</h2>{SvgCharts.CpuBars(result)}\n");
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

    private static void Table(StringBuilder html, ComparisonResult result)
    {
        html.Append(
            "<div class=\"wide\"><table><thead><tr><th>path</th><th>achieved/s</th><th>errors</th><th>p50 ms</th><th>p90 ms</th><th>p99 "
            + "ms</th><th>p99.9 ms</th><th>max ms</th><th>CPU µs/request</th><th>protocol</th></tr></thead><tbody>\n");
        foreach (var path in result.Paths)
        {
            var latency = path.LatencyMs is { } ms
                ? string.Concat(((double[])[ms.P50, ms.P90, ms.P99, ms.P999, ms.Max]).Select(value => $"<td>{ResultText.Ms(value)}</td>"))
                : "<td>–</td><td>–</td><td>–</td><td>–</td><td>–</td>";
            html.Append(
                CultureInfo.InvariantCulture,
                $"<tr><th>{Text(path.Path)}</th><td>{path.AchievedRate:0}</td><td>{path.Errors}</td>{latency}");
            html.Append(
                CultureInfo.InvariantCulture,
                $"<td>{Text(ResultText.Cpu(path))}</td><td>{Text(path.Sameness.Protocol ?? "–")}</td></tr>\n");
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
