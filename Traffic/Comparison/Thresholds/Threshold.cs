using System.Globalization;
using System.Text.RegularExpressions;

namespace Topology.Comparison.Thresholds;

/// <summary>A limit that a result must not exceed, for pipelines.</summary>
/// <param name="Expression">What the user wrote.</param>
/// <param name="Path">The path; null for all paths together.</param>
/// <param name="Figure">A percentile such as <c>p50</c>, or <c>errors</c>.</param>
/// <param name="Limit">The limit, in its unit.</param>
/// <param name="Unit"><c>us</c>, <c>ms</c> or <c>s</c> for what the path adds to the baseline; <c>x</c> for times the baseline; empty for a
/// number of errors.</param>
public sealed partial record Threshold(string Expression, string? Path, string Figure, double Limit, string Unit)
{
    /// <summary>What can be written, for messages.</summary>
    public const string Grammar =
        "write 'PATH.pNN > TIME', such as 'edge.p50 > 0.5ms', for what a path adds to the baseline (p50, p90, p99 or p999; us, ms or s), "
        + "'PATH.pNN > Nx' for times the baseline, or 'errors > N' or 'PATH.errors > N'";

    private const string Errors = "errors";

    /// <summary>Reads an expression.</summary>
    /// <param name="expression">Such as <c>edge.p50 > 0.5ms</c>.</param>
    /// <param name="paths">The paths that can be named, the baseline first.</param>
    /// <exception cref="FormatException">It is not an expression; the message says what to write.</exception>
    public static Threshold Parse(string expression, IReadOnlyList<string> paths)
    {
        ArgumentNullException.ThrowIfNull(paths);
        var match = Form().Match(expression);
        var (path, figure, unit) = (match.Groups["path"].Value, match.Groups["figure"].Value, match.Groups["unit"].Value);
        var isCount = figure == Errors;
        if (!match.Success || isCount != (unit.Length == 0) || !isCount && path.Length == 0)
        {
            throw new FormatException($"--fail-if \"{expression}\" cannot be read; {Grammar}.");
        }
        if (path.Length > 0 && !paths.Contains(path))
        {
            throw new FormatException($"--fail-if \"{expression}\" names {path}, which is not compared; use {string.Join(", ", paths)}.");
        }
        if (!isCount && path == paths[0])
        {
            throw new FormatException($"--fail-if \"{expression}\" names the baseline, to which the others are compared; name another.");
        }

        return new(
            expression.Trim(), path.Length == 0 ? null : path, figure,
            double.Parse(match.Groups["limit"].ValueSpan, CultureInfo.InvariantCulture), unit);
    }

    /// <summary>Compares a result with the limit.</summary>
    public ThresholdOutcome Check(ComparisonResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        var value = Measure(result);
        return new(Expression, value, Unit, value is null ? null : value > Limit);
    }

    private double? Measure(ComparisonResult result)
    {
        PathResult[] paths = [.. result.Paths.Where(path => Path is null || path.Path == Path)];
        if (Figure == Errors)
        {
            // Errors are counted, so they are known even if the times are not valid.
            var errors = paths.Sum(path => path.Errors);
            return errors > Limit || paths.Length > 0 && paths.All(path => path.LatencyMs is not null) ? errors : null;
        }

        var difference = result.Differences.FirstOrDefault(entry => entry.Path == Path && entry.Percentile == Figure);
        // A difference exists only if both paths had enough responses for this percentile.
        if (!result.Valid || difference is null) return null;
        return Unit == "x" ? Of(paths[0].LatencyMs!) / Of(result.Paths[0].LatencyMs!) : difference.Ms / TimeText.MillisecondsIn(Unit);
    }

    private double Of(Latency latency) => Figure switch
    {
        "p50" => latency.P50,
        "p90" => latency.P90,
        "p99" => latency.P99,
        _ => latency.P999,
    };

    [GeneratedRegex(
        @"^\s*(?:(?<path>[a-z][a-z0-9-]*)\.)?(?<figure>p50|p90|p99|p999|errors)\s*>\s*"
        + @"(?<limit>\d{1,9}(?:\.\d{1,9})?)\s*(?<unit>us|ms|s|x)?\s*$")]
    private static partial Regex Form();
}
