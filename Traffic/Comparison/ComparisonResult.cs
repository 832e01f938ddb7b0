using System.Text.Json;
using System.Text.Json.Serialization;

namespace Topology.Comparison;

/// <summary>What a comparison found. Units are in the names; this is what <c>--json</c> writes and the history keeps.</summary>
public sealed record ComparisonResult
{
    /// <summary>The workload's name.</summary>
    public required string Workload { get; init; }

    /// <summary>Whether clients spoke TLS.</summary>
    public required bool Tls { get; init; }

    /// <summary><c>HTTP/1.1</c> or <c>HTTP/2</c>.</summary>
    public required string Protocol { get; init; }

    /// <summary><c>constant</c> or <c>poisson</c> arrivals of an open loop, or <c>closed-loop</c>.</summary>
    public required string Arrival { get; init; }

    /// <summary>Connections to each path; with HTTP/2 streams.</summary>
    public required int Connections { get; init; }

    /// <summary>Seconds that each path was measured.</summary>
    public required double DurationSeconds { get; init; }

    /// <summary>Blocks of each path.</summary>
    public required int Rounds { get; init; }

    /// <summary>The seed that repeats the order of blocks.</summary>
    public required int Seed { get; init; }

    /// <summary>When it began.</summary>
    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>Where it ran, for people.</summary>
    public required string Machine { get; init; }

    /// <summary>False where the numbers must not be used; <see cref="Notes"/> say why.</summary>
    public required bool Valid { get; init; }

    /// <summary>What a reader must know: why it is invalid, what failed, what was too noisy.</summary>
    public required IReadOnlyList<string> Notes { get; init; }

    /// <summary>The path that differences are to.</summary>
    public required string Baseline { get; init; }

    /// <summary>Each path, the baseline first.</summary>
    public required IReadOnlyList<PathResult> Paths { get; init; }

    /// <summary>Each other path's percentiles less the baseline's.</summary>
    public required IReadOnlyList<Difference> Differences { get; init; }

    /// <summary>The baseline less itself at the median: the A/A control. Null where there was too little to tell.</summary>
    public required Difference? Control { get; init; }

    /// <summary>The A/A control at every percentile.</summary>
    public required IReadOnlyList<Difference> Controls { get; init; }

    /// <summary>Of a workload that writes: whether the store holds what was acknowledged.</summary>
    public StoreCheck? Store { get; init; }

    /// <summary>Traces of pairs that were sent between blocks, 32 hexadecimal digits each.</summary>
    public required IReadOnlyList<string> Traces { get; init; }
}

/// <summary>One path's numbers.</summary>
public sealed record PathResult
{
    /// <summary>The path.</summary>
    public required string Path { get; init; }

    /// <summary>Requests planned for each second; null in a closed loop.</summary>
    public required double? OfferedRate { get; init; }

    /// <summary>Good answers for each second that it took to start the requests.</summary>
    public required double AchievedRate { get; init; }

    /// <summary>Good answers.</summary>
    public required long Requests { get; init; }

    /// <summary>Requests without a good answer.</summary>
    public required long Errors { get; init; }

    /// <summary>One of the errors, or why the path was left out.</summary>
    public string? Error { get; init; }

    /// <summary>Latency from the planned time; null without a good answer.</summary>
    public required Latency? LatencyMs { get; init; }

    /// <summary>CPU for each request, by process: the proxy, the backend with what it calls, and the generator.</summary>
    public required IReadOnlyDictionary<string, double> CpuMicrosecondsPerRequest { get; init; }

    /// <summary>Memory by process in MiB, at the end: proportional share of resident pages.</summary>
    public required IReadOnlyDictionary<string, double> MemoryMiB { get; init; }

    /// <summary>The share of requests that started more than 1 ms late although a connection was free.</summary>
    public required double LateShare { get; init; }

    /// <summary>The share of requests that started more than 1 ms late because all connections were waiting for answers.</summary>
    public required double WaitedShare { get; init; }

    /// <summary>What shows that this path was asked the same in the same way.</summary>
    public required Sameness Sameness { get; init; }

    /// <summary>Latency by quantile, for a curve over the nines.</summary>
    public required IReadOnlyList<CurvePoint> Curve { get; init; }

    /// <summary>Latency of each block, in the order measured.</summary>
    public required IReadOnlyList<BlockPoint> Blocks { get; init; }
}

/// <summary>Percentiles in milliseconds.</summary>
public sealed record Latency(double P50, double P90, double P99, double P999, double Max);

/// <summary>A quantile and its latency.</summary>
/// <param name="Quantile">From 0 to below 1.</param>
/// <param name="Ms">Milliseconds.</param>
public sealed record CurvePoint(double Quantile, double Ms);

/// <summary>One block's latency.</summary>
/// <param name="Seconds">When it began, from the start of the measurement.</param>
/// <param name="P50Ms">Its median.</param>
/// <param name="P99Ms">Its 99th percentile.</param>
public sealed record BlockPoint(double Seconds, double P50Ms, double P99Ms);

/// <summary>How a path was asked.</summary>
/// <param name="Protocol">What was negotiated, such as <c>HTTP/1.1, TLS 1.3</c>.</param>
/// <param name="ConnectionsOpened">Connections opened during the measurement: 0 where all requests were on connections that the warm-up
/// opened.</param>
/// <param name="DifferentAnswers">Answers whose digest is not that of the baseline's.</param>
public sealed record Sameness(string? Protocol, int ConnectionsOpened, long DifferentAnswers);

/// <summary>A paired difference.</summary>
/// <param name="Path">The path, or the baseline itself in a control.</param>
/// <param name="Percentile"><c>p50</c>, <c>p90</c>, <c>p99</c> or <c>p999</c>.</param>
/// <param name="Ms">The difference in milliseconds.</param>
/// <param name="Ci95">Its 95 % confidence interval, lower and upper end.</param>
public sealed record Difference(string Path, string Percentile, double Ms, double[] Ci95)
{
    /// <summary>Whether no difference is within the interval.</summary>
    [JsonIgnore]
    public bool IncludesZero => Ci95[0] <= 0 && Ci95[1] >= 0;
}

/// <summary>Whether every acknowledged write is in the store, once.</summary>
/// <param name="Acknowledged">Writes that were answered as accepted.</param>
/// <param name="Stored">How many of them the store listed.</param>
public sealed record StoreCheck(long Acknowledged, long Stored);

/// <summary>JSON of results.</summary>
public static class ComparisonJson
{
    /// <summary>Camel case, indented, numbers rounded to what they mean.</summary>
    public static JsonSerializerOptions Options { get; } = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        NewLine = "\n",
        Converters = { new Rounded() },
        DictionaryKeyPolicy = null,
    };

    /// <summary>Six decimals: a nanosecond where milliseconds are told, and the nines of a quantile.</summary>
    private sealed class Rounded : JsonConverter<double>
    {
        public override double Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.GetDouble();

        public override void Write(Utf8JsonWriter writer, double value, JsonSerializerOptions options) =>
            writer.WriteNumberValue(Math.Round(value, 6));
    }
}
