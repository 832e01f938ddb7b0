using System.Globalization;
using System.Net;
using System.Text;
using Topology.Comparison;
using Topology.ServiceDefaults.Paths;

namespace Topology.Comparison.Reports;

/// <summary>One line of a chart.</summary>
/// <param name="Name">The path.</param>
/// <param name="Points">From left to right.</param>
public sealed record ChartLine(string Name, IReadOnlyList<(double X, double Y)> Points);

/// <summary>
/// Creates charts as SVG text for a self-contained file. Also creates the one chart type that the component library lacks: intervals.
/// Colours come from the style sheet (<c>.s0</c> to <c>.s6</c>), which follows the reader's light or dark mode.
/// </summary>
public static class SvgCharts
{
    private const double Width = 720;
    private const double Left = 64;
    private const double Right = 16;
    private const double Top = 12;
    private const double PlotHeight = 220;
    private const double Bottom = 44;

    /// <summary>The number of a path's colour; the same in every chart.</summary>
    public static int Colour(string path) => Math.Max(0, TopologyPath.All.Index().FirstOrDefault(known => known.Item == path).Index);

    /// <summary>The number of a path's colour in a chart of these paths, which may be the user's own.</summary>
    public static int Colour(string path, IReadOnlyList<string> paths) =>
        paths.All(TopologyPath.All.Contains) ? Colour(path) : Math.Max(0, paths.Index().FirstOrDefault(own => own.Item == path).Index) % 7;

    /// <summary>A line chart with a numeric horizontal axis and a logarithmic vertical axis.</summary>
    /// <param name="label">The chart's label for screen readers.</param>
    /// <param name="lines">One for each path.</param>
    /// <param name="horizontal">The horizontal axis's title.</param>
    /// <param name="ticks">The horizontal axis's marks and their labels.</param>
    public static string Lines(
        string label, IReadOnlyList<ChartLine> lines, string horizontal, IReadOnlyList<(double X, string Text)> ticks)
    {
        var points = lines.SelectMany(line => line.Points).Where(point => point.Y > 0).ToList();
        if (points.Count == 0) return "";
        var (x0, x1) = (ticks[0].X, Math.Max(points.Max(point => point.X), ticks[^1].X));
        var (y0, y1) = (Math.Log10(points.Min(point => point.Y)), Math.Log10(points.Max(point => point.Y)));
        if (y1 - y0 < 0.3) (y0, y1) = (y0 - 0.15, y1 + 0.15);
        double X(double x) => Left + (x - x0) / Math.Max(1e-9, x1 - x0) * (Width - Left - Right);
        double Y(double y) => Top + PlotHeight * (1 - (Math.Log10(y) - y0) / (y1 - y0));

        var svg = Begin(label, Top + PlotHeight + Bottom);
        foreach (var value in LogTicks(y0, y1))
        {
            svg.Append(
                CultureInfo.InvariantCulture,
                $"<line class=\"grid\" x1=\"{Left}\" x2=\"{Width - Right}\" y1=\"{Y(value):0.#}\" y2=\"{Y(value):0.#}\"/>");
            svg.Append(CultureInfo.InvariantCulture, $"<text class=\"end\" x=\"{Left - 6}\" y=\"{Y(value) + 4:0.#}\">{value:0.###}</text>");
        }

        foreach (var (x, text) in ticks)
        {
            svg.Append(
                CultureInfo.InvariantCulture,
                $"<text class=\"mid\" x=\"{X(x):0.#}\" y=\"{Top + PlotHeight + 18}\">{WebUtility.HtmlEncode(text)}</text>");
        }

        svg.Append(
            CultureInfo.InvariantCulture,
            $"<text class=\"mid\" x=\"{(Left + Width - Right) / 2}\" "
            + $"y=\"{Top + PlotHeight + 38}\">{WebUtility.HtmlEncode(horizontal)}</text>");
        foreach (var line in lines)
        {
            var path = string.Join(
                ' ', line.Points.Where(point => point.Y > 0)
                .Select(point => string.Create(CultureInfo.InvariantCulture, $"{X(point.X):0.#},{Y(point.Y):0.#}")));
            svg.Append(
                CultureInfo.InvariantCulture,
                $"<polyline class=\"line s{Colour(line.Name, [.. lines.Select(other => other.Name)])}\" "
                + $"points=\"{path}\"><title>{WebUtility.HtmlEncode(line.Name)}</title></polyline>");
        }

        return svg.Append("</svg>").ToString();
    }

    /// <summary>
    /// Draws the differences and the control with their intervals, around 0. Each percentile has its own scale. On a common scale, the
    /// tail's large intervals would hide the median's small ones.
    /// </summary>
    public static string Intervals(ComparisonResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        const double Row = 24;
        const double Whole = 480;
        const double PlotLeft = 112;
        const double PlotRight = 250;
        var groups = result.Controls
            .Select(entry => (Name: "control", Entry: entry)).Concat(result.Differences.Select(entry => (Name: entry.Path, Entry: entry)))
            .GroupBy(row => row.Entry.Percentile).ToList();
        if (groups.Count == 0) return "";
        string[] names = [.. result.Paths.Select(path => path.Path)];
        var svg = Begin("Differences to the baseline with their 95 % intervals", groups.Sum(group => Row * group.Count() + Row / 2), Whole);
        var y = 0.0;
        foreach (var group in groups)
        {
            var (low, high) = (Math.Min(0, group.Min(row => row.Entry.Ci95[0])), Math.Max(0, group.Max(row => row.Entry.Ci95[1])));
            double X(double ms) => PlotLeft + (ms - low) / Math.Max(1e-6, high - low) * (PlotRight - PlotLeft);
            svg.Append(
                CultureInfo.InvariantCulture,
                $"<line class=\"zero\" x1=\"{X(0):0.#}\" x2=\"{X(0):0.#}\" y1=\"{y}\" y2=\"{y + Row * group.Count()}\"/>");
            foreach (var (name, entry) in group)
            {
                var middle = y + Row / 2;
                svg.Append(
                    CultureInfo.InvariantCulture,
                    $"<text x=\"0\" y=\"{middle + 4}\">{ResultText.Title(entry.Percentile)}</text><text x=\"44\" "
                    + $"y=\"{middle + 4}\">{WebUtility.HtmlEncode(name)}</text>");
                svg.Append(
                    CultureInfo.InvariantCulture,
                    $"<g class=\"s{Colour(entry.Path, names)}\"><line class=\"line\" x1=\"{X(entry.Ci95[0]):0.#}\" "
                    + $"x2=\"{X(entry.Ci95[1]):0.#}\" y1=\"{middle}\" y2=\"{middle}\"/>");
                svg.Append(
                    CultureInfo.InvariantCulture,
                    $"<circle class=\"dot\" cx=\"{X(entry.Ms):0.#}\" cy=\"{middle}\" r=\"4\"/></g><text class=\"end\" x=\"{Whole}\" "
                    + $"y=\"{middle + 4}\">{ResultText.Interval(entry)}</text>");
                y += Row;
            }

            y += Row / 2;
        }

        return svg.Append("</svg>").ToString();
    }

    /// <summary>CPU per request: a bar for each path, with a part for each process.</summary>
    public static string CpuBars(ComparisonResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        const double Row = 30;
        const double Names = Left + 20;
        var paths = result.Paths.Where(path => path.CpuMicrosecondsPerRequest.Count > 0).ToList();
        if (paths.Count == 0) return "";
        var most = paths.Max(path => path.CpuMicrosecondsPerRequest.Values.Sum());
        var svg = Begin("CPU per request", paths.Count * Row);
        foreach (var (index, path) in paths.Index())
        {
            svg.Append(CultureInfo.InvariantCulture, $"<text x=\"0\" y=\"{index * Row + 19}\">{WebUtility.HtmlEncode(path.Path)}</text>");
            var x = Names;
            foreach (var (part, (name, cpu)) in path.CpuMicrosecondsPerRequest.Index())
            {
                var width = cpu / most * (Width - Names - Right);
                svg.Append(
                    CultureInfo.InvariantCulture,
                    $"<g class=\"c{part}\"><title>{WebUtility.HtmlEncode(name)}: {cpu:0.#} µs</title><rect class=\"bar\" x=\"{x:0.#}\" "
                    + $"y=\"{index * Row + 4}\" width=\"{Math.Max(1, width):0.#}\" height=\"22\"/></g>");
                if (width > 70)
                {
                    svg.Append(
                        CultureInfo.InvariantCulture,
                        $"<text class=\"on\" x=\"{x + 6:0.#}\" y=\"{index * Row + 19}\">{WebUtility.HtmlEncode(name)} {cpu:0}</text>");
                }
                x += width;
            }
        }

        return svg.Append("</svg>").ToString();
    }

    private static StringBuilder Begin(string label, double height, double width = Width) =>
        new StringBuilder().Append(CultureInfo.InvariantCulture,
        $"<svg class=\"chart\" style=\"max-width: {width}px\" viewBox=\"0 0 {width} {height:0.#}\" role=\"img\" "
            + $"aria-label=\"{WebUtility.HtmlEncode(label)}\">");

    private static IEnumerable<double> LogTicks(double low, double high)
    {
        for (var decade = Math.Floor(low); decade <= high; decade++)
        {
            foreach (var step in (double[])[1, 2, 5])
            {
                var value = step * Math.Pow(10, decade);
                if (Math.Log10(value) >= low - 1e-9 && Math.Log10(value) <= high + 1e-9) yield return value;
            }
        }
    }
}
