using System.Globalization;
using System.Text;
using System.Text.Json;
using Topology.Comparison;

namespace Topology.Comparison.Reports;

/// <summary>Results as files for other programs.</summary>
public static class ResultFiles
{
    /// <summary>The whole result as JSON.</summary>
    public static string Json(ComparisonResult result) => JsonSerializer.Serialize(result, ComparisonJson.Options) + "\n";

    /// <summary>A line for each path and percentile: latency, and the difference from the baseline with its interval.</summary>
    public static string Csv(ComparisonResult result)
    {
        var csv = new StringBuilder(
            "workload,tls,protocol,valid,path,offeredRate,achievedRate,requests,errors,percentile,latencyMs,differenceMs,ci95LowMs,"
            + "ci95HighMs,reliable,date,seed,machine\n");
        var validity = result.Validity;
        foreach (var path in result.Paths)
        {
            foreach (var (percentile, latency) in Percentiles(path))
            {
                var difference = result.Differences.FirstOrDefault(entry => entry.Path == path.Path && entry.Percentile == percentile);
                var reliable = validity.FirstOrDefault(entry => entry.Path == path.Path && entry.Percentile == percentile)?.Reliable;
                csv.AppendLine(CultureInfo.InvariantCulture,
                    $"{Field(result.Workload)},{result.Tls},{result.Protocol},{result.Valid},{path.Path},{path.OfferedRate:0.###},"
                        + $"{path.AchievedRate:0.###},{path.Requests},{path.Errors},{percentile},{latency:0.####},{difference?.Ms:0.####},"
                        + $"{difference?.Ci95[0]:0.####},{difference?.Ci95[1]:0.####},{reliable},"
                        + $"{result.StartedAt:yyyy-MM-ddTHH:mm:ssZ},{result.Seed},{Field(result.Machine)}");
            }
        }

        return csv.ToString().ReplaceLineEndings("\n");
    }

    /// <summary>Quotes a field if it needs it (RFC 4180).</summary>
    private static string Field(string text) =>
        text.AsSpan().ContainsAny(",\"\n\r") ? $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : text;

    public static IEnumerable<(string Percentile, double Ms)> Percentiles(PathResult path) => path.LatencyMs is { } latency
        ? [("p50", latency.P50), ("p90", latency.P90), ("p99", latency.P99), ("p999", latency.P999), ("max", latency.Max)]
        : [];
}
