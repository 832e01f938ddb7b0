using Topology.Comparison.Pacing;
using Topology.Comparison.Targets;
using Topology.Comparison.Workloads;
using Topology.ServiceDefaults.Paths;

namespace Topology.Comparison;

/// <summary>The options of a comparison.</summary>
public sealed record ComparisonOptions
{
    /// <summary>The highest rate that can be set, in requests per second. A single generator cannot sustain it.</summary>
    public const double HighestRate = 20_000;

    /// <summary>The longest measurement of one path, in seconds.</summary>
    public const double LongestDuration = 600;

    /// <summary>The shortest measurement of one path, in seconds: ten blocks that are still long enough to be useful.</summary>
    public const double ShortestDuration = 1;

    /// <summary>The longest delay of an emulated network, in milliseconds.</summary>
    public const double LongestDelayMs = 1000;

    /// <summary>The most connections to one path.</summary>
    public const int MostConnections = 512;

    /// <summary>The workload's name.</summary>
    public string Workload { get; init; } = "catalog";

    /// <summary>A request to the user's own application instead of a workload; null for the shop.</summary>
    public Workload? Request { get; init; }

    /// <summary>The paths to compare; the first is the baseline. If the list is empty, all running paths are compared.</summary>
    public IReadOnlyList<string> Paths { get; init; } = [];

    /// <summary>Requests per second, on one path at a time; ignored in a closed loop.</summary>
    public double Rate { get; init; } = 500;

    /// <summary>Seconds of measurement for each path and for the control, without the warm-up.</summary>
    public double DurationSeconds { get; init; } = 20;

    /// <summary>Whether to use the <c>https</c> listeners.</summary>
    public bool Tls { get; init; }

    /// <summary>
    /// 1 (HTTP/1.1) or 2; null means the lowest that the workload supports. HTTP/2 requires TLS, because listeners negotiate it in the TLS
    /// handshake.
    /// </summary>
    public int? HttpVersion { get; init; }

    /// <summary>When requests start.</summary>
    public Arrival Arrival { get; init; }

    /// <summary>
    /// Whether each connection sends its next request as soon as it has a response. This finds saturation; it does not measure
    /// latency at a given load.
    /// </summary>
    public bool ClosedLoop { get; init; }

    /// <summary>Connections to each path, or HTTP/2 streams on fewer connections; null chooses by the rate.</summary>
    public int? Connections { get; init; }

    /// <summary>The delay in milliseconds of an emulated network before every path; 0 for none.</summary>
    public double DelayMs { get; init; }

    /// <summary>The seed of the order of blocks, of Poisson arrivals and of the bootstrap.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>The path that all others are compared with.</summary>
    public string Baseline => Paths.Count > 0 ? Paths[0] : TopologyPath.Direct;

    /// <summary>Whether to use HTTP/2 instead of HTTP/1.1.</summary>
    public bool IsHttp2 => HttpVersion == 2 || HttpVersion is null && Find() is { NeedsHttp2: true };

    /// <summary>
    /// The number of connections or streams to each path. The default is the number of requests sent in 0.1 s, so that requests still
    /// start on time if a path does not respond for 0.1 s. An emulated network adds its delay.
    /// </summary>
    public int Concurrency => Connections ?? (ClosedLoop ? 16 : (int)Math.Clamp(Math.Ceiling(Rate * (0.1 + DelayMs / 1000)), 8, 128));

    /// <summary>
    /// The number of blocks of each path. Blocks are short, so that other load on the machine affects all paths alike, and there
    /// are at least ten, so that their spread can be estimated.
    /// </summary>
    public int Rounds => (int)Math.Clamp(Math.Round(DurationSeconds * 2), 10, 60);

    /// <summary>The length of one block in seconds.</summary>
    public double BlockSeconds => DurationSeconds / Rounds;

    /// <summary>What is sent; null if there is no workload of that name.</summary>
    public Workload? Find() => Request ?? WorkloadCatalog.Find(Workload);

    /// <summary>The most seconds that each path is loaded before the measurement.</summary>
    public int WarmUpSeconds => (int)Math.Clamp(DurationSeconds * 2, 4, 40);

    /// <summary>Returns one line that says what to change, or null if the options are valid for these targets.</summary>
    public string? Validate(TargetMap? targets = null)
    {
        if (Find() is not { } workload)
        {
            return $"Unknown workload \"{Workload}\"; use one of {WorkloadCatalog.Names}.";
        }
        if (Request is null && Paths.FirstOrDefault(path => !TopologyPath.All.Contains(path)) is { } unknown)
        {
            return $"Unknown path \"{unknown}\"; use some of {string.Join(", ", TopologyPath.All)}.";
        }

        if (Paths.GroupBy(path => path).FirstOrDefault(group => group.Count() > 1) is { } twice)
        {
            return $"The path {twice.Key} is given twice; the control measures the baseline again by itself.";
        }

        if (!(Rate > 0 && Rate <= HighestRate)) return $"The rate is {Rate}; give 0.1 to {HighestRate:0} requests a second.";
        if (!(DurationSeconds >= ShortestDuration && DurationSeconds <= LongestDuration))
        {
            return $"The duration is {DurationSeconds}; give {ShortestDuration:0} to {LongestDuration:0} seconds.";
        }

        if (!ClosedLoop && Rate * BlockSeconds < 1)
        {
            return $"At {Rate} requests per second a block of {BlockSeconds:0.##} s is empty; set a higher rate or a longer duration.";
        }
        if (!(DelayMs >= 0 && DelayMs <= LongestDelayMs)) return $"The delay is {DelayMs} ms; give up to {LongestDelayMs:0} ms.";
        if (Connections is < 1 or > MostConnections) return $"The number of connections is {Connections}; give 1 to {MostConnections}.";
        if (HttpVersion is not (null or 1 or 2)) return "The protocol is unknown; use http1 or http2.";
        if (workload.NeedsHttp2 && !IsHttp2) return $"The workload {workload.Name} needs HTTP/2; leave out the protocol or give http2.";
        if (IsHttp2 && !Tls)
        {
            return Request is null ? "HTTP/2 is negotiated by TLS on public listeners; add --tls."
                : "HTTP/2 is negotiated by TLS; give every target an address with https://.";
        }
        return targets is null ? null
            : ValidatePaths([.. targets.Paths.Where(path => targets.Find(path, workload.Service, Tls).Count > 0)]);
    }

    /// <summary>A one-line message that says what to change if a chosen path is not running; otherwise null.</summary>
    public string? ValidatePaths(IReadOnlyList<string> there) =>
        there.Count == 0 ? "No path to the backends is configured; start the topology first (dotnet run --project AppHost)."
        : Paths.FirstOrDefault(path => !there.Contains(path)) is { } absent
            ? $"The path {absent} is not running{(Tls ? " with TLS" : "")}; use some of {string.Join(", ", there)}."
        : null;
}
