using System.Globalization;

namespace Topology.Comparison.Reports;

/// <summary>What one path's part of a result is good for.</summary>
public enum Badge
{
    /// <summary>Nothing is reliable.</summary>
    RunAgain,

    /// <summary>The median is reliable, the tail is not.</summary>
    P50Only,

    /// <summary>p50 and p99 are reliable.</summary>
    Solid,
}

/// <summary>CPU of a path's services, without the generator's.</summary>
/// <param name="MsPerRequest">Milliseconds of CPU per request. The same number of cores serves 1,000 requests per second.</param>
/// <param name="TimesDirect">Divided by the baseline's; null for the baseline, or if unknown.</param>
public sealed record CpuCost(double MsPerRequest, double? TimesDirect)
{
    /// <summary>The cores that a rate occupies.</summary>
    /// <param name="rate">Requests per second.</param>
    public double Cores(double rate) => MsPerRequest * rate / 1000;
}

/// <summary>What a result says about one path.</summary>
/// <param name="Path">The path.</param>
/// <param name="Badge">What the result is good for.</param>
/// <param name="Sentence">The answer in one sentence.</param>
/// <param name="Advice">A sentence that says how to get a better answer; null if the badge is solid.</param>
public sealed record PathVerdict(string Path, Badge Badge, string Sentence, string? Advice)
{
    /// <summary>The badge as text: <c>solid</c>, <c>p50 only</c> or <c>run again</c>.</summary>
    public string BadgeText => Badge switch { Badge.Solid => "solid", Badge.P50Only => "p50 only", _ => "run again" };
}

/// <summary>The answers that a result gives, for somebody who has to decide.</summary>
public static class Verdict
{
    /// <summary>If the services use less of a core than this, background work is a visible part of the CPU per request.</summary>
    private const double BusyCores = 0.5;

    /// <summary>One verdict for each path that was compared.</summary>
    public static IReadOnlyList<PathVerdict> Of(ComparisonResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        return [.. result.Paths.Where(path => path.Path != result.Baseline).Select(path => Of(result, path))];
    }

    /// <summary>The badges in one line: <c>edge solid, nginx p50 only</c>.</summary>
    public static string Summary(ComparisonResult result) =>
        string.Join(", ", Of(result).Select(verdict => $"{verdict.Path} {verdict.BadgeText}"));

    /// <summary>The path as a subject: <c>The edge</c>.</summary>
    public static string Title(string path) => path switch
    {
        "direct" => "Direct",
        "edge" => "The edge",
        "edge-tls" => "The edge with TLS inside",
        "apache" => "Apache",
        "haproxy" => "HAProxy",
        _ => path,
    };

    /// <summary>The difference at a percentile, if it is reliable; otherwise null.</summary>
    public static Difference? Reliable(ComparisonResult result, string path, string percentile)
    {
        ArgumentNullException.ThrowIfNull(result);
        return result.Validity.Any(entry => entry.Path == path && entry.Percentile == percentile && entry.Reliable)
            ? result.Differences.FirstOrDefault(entry => entry.Path == path && entry.Percentile == percentile) : null;
    }

    /// <summary>What a path adds at a percentile, or why that is not known.</summary>
    public static string Added(ComparisonResult result, string path, string percentile) =>
        Reliable(result, path, percentile) is { } difference ? ResultText.Interval(difference)
        : result.Validity.FirstOrDefault(entry => entry.Path == path && entry.Percentile == percentile) is not { } validity ? "–"
        : validity.TimesDuration is { } times ? $"too noisy: needs about {times} × the duration" : "not reliable";

    /// <summary>The CPU of a path's services; null if unknown.</summary>
    public static CpuCost? Cpu(ComparisonResult result, PathResult path)
    {
        ArgumentNullException.ThrowIfNull(result);
        if (Services(path) is not { } own) return null;
        var direct = path.Path == result.Baseline ? null : result.Paths.Where(entry => entry.Path == result.Baseline)
            .Select(Services).FirstOrDefault();
        return new(own / 1000, direct is > 0 ? own / direct : null);
    }

    /// <summary>What the CPU figures include besides the requests' work: a sentence; null if nothing of note.</summary>
    public static string? IdleWork(ComparisonResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        var busy = result.Paths.Select(path => path.AchievedRate * Services(path) / 1e6).Max();
        return IsSaturating(result) || busy is null or >= BusyCores ? null : string.Create(
            CultureInfo.InvariantCulture,
            $"At this rate the services use at most {busy:0.00} of a core. Each request then also pays for background work and for waking "
            + $"idle threads: a busier service uses less CPU per request. Compare at the rate you expect.");
    }

    /// <summary>A path's share of the baseline's throughput; null if the run did not saturate the paths.</summary>
    public static double? Throughput(ComparisonResult result, PathResult path)
    {
        ArgumentNullException.ThrowIfNull(result);
        return IsSaturating(result) && result.Paths.FirstOrDefault(entry => entry.Path == result.Baseline) is { AchievedRate: > 0 } direct
            && path.Errors == 0 && direct.Errors == 0 && !result.Faults.Any(fault => fault.Path is null || fault.Path == path.Path)
            ? path.AchievedRate / direct.AchievedRate : null;
    }

    /// <summary>Whether the paths were loaded as fast as they respond.</summary>
    public static bool IsSaturating(ComparisonResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        return result.Arrival == "closed-loop";
    }

    /// <summary>Memory of a path's services in MiB; null if unknown.</summary>
    public static double? Memory(PathResult path)
    {
        ArgumentNullException.ThrowIfNull(path);
        return Sum(path.MemoryMiB);
    }

    private static PathVerdict Of(ComparisonResult result, PathResult path)
    {
        var title = Title(path.Path);
        if (path.LatencyMs is null) return new(path.Path, Badge.RunAgain, $"{title} was not measured.", path.Error);
        var (median, tail) = (Validity("p50"), Validity("p99"));
        if (!median.Reliable) return new(path.Path, Badge.RunAgain, $"{title}: this run allows no verdict.", Advice(median));

        string[] parts = [
            .. Throughput(result, path) is { } share ? [Invariant($"serves {share:0 %} of direct's requests at saturation")]
                : Array.Empty<string>(),
            Latency(Reliable(result, path.Path, "p50")!, "the median"),
            .. Reliable(result, path.Path, "p99") is { } known ? [Latency(known, "p99")] : Array.Empty<string>(),
            .. Cpu(result, path) is { TimesDirect: { } times } ? [Invariant($"costs {times:0.0} × the CPU of {result.Baseline}")]
                : Array.Empty<string>(),
        ];
        var all = parts.Length == 1 ? parts[0] : $"{string.Join(", ", parts[..^1])} and {parts[^1]}";
        return new(path.Path, tail.Reliable ? Badge.Solid : Badge.P50Only, $"{title} {all}.", tail.Reliable ? null : Advice(tail));

        Reliability Validity(string percentile) =>
            result.Validity.First(entry => entry.Path == path.Path && entry.Percentile == percentile);
    }

    private static string Advice(Reliability validity) =>
        $"{ResultText.Title(validity.Percentile)}: {validity.Reason}"
        + (validity.TimesDuration is { } times ? $" Measure about {times} × as long." : "");

    private static string Latency(Difference difference, string what)
    {
        var (low, high) = (difference.Ci95[0], difference.Ci95[1]);
        return difference.IncludesZero
            ? Invariant($"shows no measurable difference at {what} (95 % interval {low:+0.000;−0.000} to {high:+0.000;−0.000} ms)")
            : difference.Ms > 0 ? Invariant($"adds {difference.Ms:0.00#} ms to {what} (95 % interval {low:0.00#} to {high:0.00#})")
            : Invariant($"takes {-difference.Ms:0.00#} ms off {what} (95 % interval {-high:0.00#} to {-low:0.00#})");
    }

    private static double? Services(PathResult path) => Sum(path.CpuMicrosecondsPerRequest);

    private static double? Sum(IReadOnlyDictionary<string, double> byProcess)
    {
        double[] own = [.. byProcess.Where(entry => entry.Key != Cost.ProcessCost.GeneratorName).Select(entry => entry.Value)];
        return own.Length == 0 ? null : own.Sum();
    }

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);
}
