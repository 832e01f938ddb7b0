using System.Text.Json;
using System.Text.Json.Serialization;

namespace Topology.Comparison;

/// <summary>The result of a comparison, as <c>--json</c> writes it and the history stores it. Units are in the names.</summary>
public sealed record ComparisonResult
{
    /// <summary>The workload's name.</summary>
    public required string Workload { get; init; }

    /// <summary>Whether clients used TLS.</summary>
    public required bool Tls { get; init; }

    /// <summary><c>HTTP/1.1</c> or <c>HTTP/2</c>.</summary>
    public required string Protocol { get; init; }

    /// <summary><c>constant</c> or <c>poisson</c> for an open loop, or <c>closed-loop</c>.</summary>
    public required string Arrival { get; init; }

    /// <summary>Connections to each path; with HTTP/2, streams.</summary>
    public required int Connections { get; init; }

    /// <summary>Seconds of measurement for each path.</summary>
    public required double DurationSeconds { get; init; }

    /// <summary>The delay of the emulated network before every path, half of it in each direction; 0 without one.</summary>
    public double EmulatedDelayMs { get; init; }

    /// <summary>The number of blocks of each path.</summary>
    public required int Rounds { get; init; }

    /// <summary>The seed, which makes the order of blocks repeatable.</summary>
    public required int Seed { get; init; }

    /// <summary>When it started.</summary>
    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>A description of the machine, for people.</summary>
    public required string Machine { get; init; }

    /// <summary>False if some numbers must not be used; <see cref="Validity"/> says which and why.</summary>
    public required bool Valid { get; init; }

    /// <summary>Remarks for the reader: why the result is invalid, what failed, and what was too noisy to measure.</summary>
    public required IReadOnlyList<string> Notes { get; init; }

    /// <summary>Why it is not valid, and for which numbers.</summary>
    public IReadOnlyList<Fault> Faults { get; init; } = [];

    /// <summary>Which of the percentiles can be used: noise that hides a tail often leaves the median clear.</summary>
    public IReadOnlyList<Reliability> Validity => Reliability.Of(this);

    /// <summary>The path that the others are compared with.</summary>
    public required string Baseline { get; init; }

    /// <summary>Each path, the baseline first.</summary>
    public required IReadOnlyList<PathResult> Paths { get; init; }

    /// <summary>Each other path's percentiles minus the baseline's.</summary>
    public required IReadOnlyList<Difference> Differences { get; init; }

    /// <summary>
    /// The A/A control at the median: the baseline measured twice and compared with itself. Null if there are too few requests.
    /// </summary>
    public required Difference? Control { get; init; }

    /// <summary>The A/A control at every percentile.</summary>
    public required IReadOnlyList<Difference> Controls { get; init; }

    /// <summary>For a workload that writes: whether the store has every acknowledged write.</summary>
    public StoreCheck? Store { get; init; }

    /// <summary>What became of the limits that the user set; empty without any.</summary>
    public IReadOnlyList<ThresholdOutcome> Thresholds { get; init; } = [];

    /// <summary>Trace ids of the pairs that were sent between rounds, 32 hexadecimal digits each.</summary>
    public required IReadOnlyList<string> Traces { get; init; }
}

/// <summary>One path's numbers.</summary>
public sealed record PathResult
{
    /// <summary>The path.</summary>
    public required string Path { get; init; }

    /// <summary>The address in the user's own application; null for a path of the topology.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Uri? Url { get; init; }

    /// <summary>Requests planned per second; null in a closed loop.</summary>
    public required double? OfferedRate { get; init; }

    /// <summary>Successful responses per second, over the time it took to start the requests.</summary>
    public required double AchievedRate { get; init; }

    /// <summary>Successful responses.</summary>
    public required long Requests { get; init; }

    /// <summary>Requests without a successful response.</summary>
    public required long Errors { get; init; }

    /// <summary>The first error, or why the path was left out.</summary>
    public string? Error { get; init; }

    /// <summary>Latency from the planned time; null without a successful response.</summary>
    public required Latency? LatencyMs { get; init; }

    /// <summary>CPU per request, by process: the proxy, the backend, the backend that it calls, and the generator.</summary>
    public required IReadOnlyDictionary<string, double> CpuMicrosecondsPerRequest { get; init; }

    /// <summary>Memory by process in MiB at the end of the measurement. Memory that processes share is divided among them.</summary>
    public required IReadOnlyDictionary<string, double> MemoryMiB { get; init; }

    /// <summary>The share of requests that started more than 1 ms late although a connection was free.</summary>
    public required double LateShare { get; init; }

    /// <summary>The share of requests that started more than 1 ms late because all connections were waiting for responses.</summary>
    public required double WaitedShare { get; init; }

    /// <summary>Evidence that this path got the same requests in the same way.</summary>
    public required Sameness Sameness { get; init; }

    /// <summary>Latency by quantile, for a curve whose horizontal axis shows 90 %, 99 %, 99.9 % and so on at equal distances.</summary>
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
/// <param name="Seconds">Its start, from the start of the measurement.</param>
/// <param name="P50Ms">Its median.</param>
/// <param name="P99Ms">Its 99th percentile.</param>
public sealed record BlockPoint(double Seconds, double P50Ms, double P99Ms);

/// <summary>Shows whether a path was measured under the same conditions as the baseline.</summary>
/// <param name="Protocol">The negotiated protocol, such as <c>HTTP/1.1, TLS 1.3</c>.</param>
/// <param name="ConnectionsOpened">Connections opened during the measurement: 0 if all requests used connections from the
/// warm-up.</param>
/// <param name="DifferentAnswers">Responses whose digest differs from the baseline's.</param>
public sealed record Sameness(string? Protocol, int ConnectionsOpened, long DifferentAnswers);

/// <summary>A paired difference.</summary>
/// <param name="Path">The path; in a control, the baseline.</param>
/// <param name="Percentile"><c>p50</c>, <c>p90</c>, <c>p99</c> or <c>p999</c>.</param>
/// <param name="Ms">The difference in milliseconds.</param>
/// <param name="Ci95">Its 95 % confidence interval, lower and upper end.</param>
public sealed record Difference(string Path, string Percentile, double Ms, double[] Ci95)
{
    /// <summary>Whether the interval includes 0: no measurable difference.</summary>
    [JsonIgnore]
    public bool IncludesZero => Ci95[0] <= 0 && Ci95[1] >= 0;
}

/// <summary>Whether the store has every acknowledged write exactly once.</summary>
/// <param name="Acknowledged">Writes that the service acknowledged.</param>
/// <param name="Stored">How many of them the store listed.</param>
public sealed record StoreCheck(long Acknowledged, long Stored);

/// <summary>Whether a result exceeds a limit.</summary>
/// <param name="Expression">The limit as the user wrote it.</param>
/// <param name="Value">The measured value in the limit's unit; null if the measurement does not tell.</param>
/// <param name="Unit"><c>us</c>, <c>ms</c>, <c>s</c> or <c>x</c>; empty for a count.</param>
/// <param name="Exceeded">Whether the value exceeds the limit; null if the measurement does not tell.</param>
public sealed record ThresholdOutcome(string Expression, double? Value, string Unit, bool? Exceeded);

/// <summary>The JSON format of results.</summary>
public static class ComparisonJson
{
    /// <summary>Camel case, indented, numbers rounded to six decimals.</summary>
    public static JsonSerializerOptions Options { get; } = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        NewLine = "\n",
        Converters = { new Rounded() },
        DictionaryKeyPolicy = null,
    };

    /// <summary>
    /// Rounds to six decimals. In milliseconds, this is one nanosecond. It also keeps enough digits for quantiles close to 1.
    /// </summary>
    private sealed class Rounded : JsonConverter<double>
    {
        public override double Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.GetDouble();

        public override void Write(Utf8JsonWriter writer, double value, JsonSerializerOptions options) =>
            writer.WriteNumberValue(Math.Round(value, 6));
    }
}
