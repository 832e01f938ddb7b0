using System.Globalization;

namespace Topology.Comparison.Reports;

/// <summary>The verdict as lines and a table, for every report.</summary>
public static class VerdictText
{
    /// <summary>What says how a throughput is measured, if a run did not.</summary>
    public const string NoThroughput =
        "Throughput: not measured, because this run sent at a steady rate. Measure it with --closed-loop, or on the page with "
        + "\"as fast as responses return\".";

    /// <summary>Each path's badge, answer and advice, such as <c>[solid] The edge adds …</c>.</summary>
    public static IEnumerable<string> Lines(ComparisonResult result) =>
        Verdict.Of(result).Select(verdict =>
            $"[{verdict.BadgeText}] {verdict.Sentence}{(verdict.Advice is { } advice ? $" {advice}" : "")}");

    /// <summary>What qualifies the verdict: the control, idle work, and what the run did not measure.</summary>
    public static IEnumerable<string> Remarks(ComparisonResult result)
    {
        yield return ResultText.Control(result);
        foreach (var threshold in ResultText.Thresholds(result)) yield return threshold;
        if (Verdict.IdleWork(result) is { } idle) yield return idle;
        if (!Verdict.IsSaturating(result)) yield return NoThroughput;
    }

    /// <summary>The columns of <see cref="Rows"/>.</summary>
    public static IReadOnlyList<string> Titles(ComparisonResult result) => [
        "path", "adds to p50 [95 %]", "adds to p99 [95 %]", "CPU ms/request", "cores per 1,000 requests/s", "× CPU of direct",
        .. Verdict.IsSaturating(result) ? ["share of direct's requests/s"] : Array.Empty<string>(), "memory MiB"];

    /// <summary>A row for each path.</summary>
    public static IEnumerable<IReadOnlyList<string>> Rows(ComparisonResult result)
    {
        foreach (var path in result.Paths)
        {
            var cpu = Verdict.Cpu(result, path);
            yield return [
                path.Path, Verdict.Added(result, path.Path, "p50"), Verdict.Added(result, path.Path, "p99"),
                Number(cpu?.MsPerRequest, "0.000"), Number(cpu?.Cores(1000), "0.000"), Number(cpu?.TimesDirect, "0.0"),
                .. Verdict.IsSaturating(result) ? [Number(Verdict.Throughput(result, path), "0 %")] : Array.Empty<string>(),
                Number(Verdict.Memory(path), "0")];
        }
    }

    /// <summary>A number in the invariant culture; a dash if unknown.</summary>
    public static string Number(double? value, string format) => value?.ToString(format, CultureInfo.InvariantCulture) ?? "–";
}
