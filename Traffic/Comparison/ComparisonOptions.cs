using Topology.Comparison.Pacing;
using Topology.Comparison.Targets;
using Topology.Comparison.Workloads;
using Topology.ServiceDefaults.Paths;

namespace Topology.Comparison;

/// <summary>What to compare, and how.</summary>
public sealed record ComparisonOptions
{
    /// <summary>The highest rate, in requests for each second: above what one generator can honestly offer.</summary>
    public const double HighestRate = 20_000;

    /// <summary>The longest measurement of one path, in seconds.</summary>
    public const double LongestDuration = 600;

    /// <summary>The shortest measurement of one path, in seconds: ten blocks of a length that still says something.</summary>
    public const double ShortestDuration = 1;

    /// <summary>The most connections to one path.</summary>
    public const int MostConnections = 512;

    /// <summary>The workload's name.</summary>
    public string Workload { get; init; } = "catalog";

    /// <summary>The paths; the first is the baseline. Empty means all that are there.</summary>
    public IReadOnlyList<string> Paths { get; init; } = [];

    /// <summary>Requests offered for each second, on one path at a time; ignored in a closed loop.</summary>
    public double Rate { get; init; } = 500;

    /// <summary>Seconds that each path is measured, and the control as well; warm-up comes on top.</summary>
    public double DurationSeconds { get; init; } = 20;

    /// <summary>Ask the <c>https</c> listeners.</summary>
    public bool Tls { get; init; }

    /// <summary>1.1 or 2; null takes the lowest that carries the workload. HTTP/2 needs TLS here: the listeners negotiate it.</summary>
    public int? HttpVersion { get; init; }

    /// <summary>When requests start.</summary>
    public Arrival Arrival { get; init; }

    /// <summary>
    /// Each connection sends as soon as it has its answer: finds saturation, and says nothing of latency at a given load.
    /// </summary>
    public bool ClosedLoop { get; init; }

    /// <summary>Connections to each path, or streams where HTTP/2 puts them on fewer connections; null chooses by the rate.</summary>
    public int? Connections { get; init; }

    /// <summary>The seed of the order of blocks, of Poisson arrivals and of the bootstrap.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>The baseline of all differences.</summary>
    public string Baseline => Paths.Count > 0 ? Paths[0] : TopologyPath.Direct;

    /// <summary>HTTP/2 rather than HTTP/1.1.</summary>
    public bool IsHttp2 => HttpVersion == 2 || HttpVersion is null && WorkloadCatalog.Find(Workload) is { NeedsHttp2: true };

    /// <summary>
    /// Connections or streams to each path: enough for what arrives within a tenth of a second, so that a path which
    /// stalls as long meets every request at its time. One after another is enough to saturate with one.
    /// </summary>
    public int Concurrency => Connections ?? (ClosedLoop ? 16 : (int)Math.Clamp(Math.Ceiling(Rate / 10), 8, 128));

    /// <summary>
    /// How many times each path is measured: short blocks, so that what the machine does meanwhile hits every path alike,
    /// and at least ten, so that the spread between them can be told.
    /// </summary>
    public int Rounds => (int)Math.Clamp(Math.Round(DurationSeconds * 2), 10, 60);

    /// <summary>The length of one block in seconds.</summary>
    public double BlockSeconds => DurationSeconds / Rounds;

    /// <summary>What to change, in one line; null where the options are good for these targets.</summary>
    public string? Validate(TargetMap? targets = null)
    {
        if (WorkloadCatalog.Find(Workload) is not { } workload)
        {
            return $"Unknown workload \"{Workload}\"; use one of {WorkloadCatalog.Names}.";
        }
        if (Paths.FirstOrDefault(path => !TopologyPath.All.Contains(path)) is { } unknown)
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
            return $"At {Rate} requests a second a block of {BlockSeconds:0.##} s is empty; give a higher rate or a longer duration.";
        }
        if (Connections is < 1 or > MostConnections) return $"The number of connections is {Connections}; give 1 to {MostConnections}.";
        if (HttpVersion is not (null or 1 or 2)) return "The protocol is unknown; use http1 or http2.";
        if (workload.NeedsHttp2 && !IsHttp2) return $"The workload {workload.Name} needs HTTP/2; leave out the protocol or give http2.";
        if (IsHttp2 && !Tls) return "HTTP/2 is negotiated by TLS on public listeners; add --tls.";
        return targets is null ? null
            : ValidatePaths([.. targets.Paths.Where(path => targets.Find(path, workload.Service, Tls).Count > 0)]);
    }

    /// <summary>What to change, in one line, where a path is none of those that are there; else null.</summary>
    public string? ValidatePaths(IReadOnlyList<string> there) =>
        there.Count == 0 ? "No path to the backends is configured; start the topology first (dotnet run --project AppHost)."
        : Paths.FirstOrDefault(path => !there.Contains(path)) is { } absent
            ? $"The path {absent} is not running{(Tls ? " with TLS" : "")}; use some of {string.Join(", ", there)}."
        : null;
}
