using System.Collections.Immutable;
using Microsoft.Extensions.Options;
using Topology.Comparison.Pairs;
using Topology.Comparison.Workloads;

namespace Topology.Traffic.Pairs;

/// <summary>The background traffic: configuration section <c>Traffic</c>.</summary>
public sealed class PairOptions
{
    /// <summary>The configuration section.</summary>
    public const string Section = "Traffic";

    /// <summary>Pairs per second, over all workloads in turn; 0 sends none.</summary>
    public double PairsPerSecond { get; set; } = 2;
}

/// <summary>The latest pairs, for the page.</summary>
public sealed class RecentPairs
{
    private const int Kept = 50;
    private ImmutableList<PairResult> _all = [];

    /// <summary>Newest first.</summary>
    public IReadOnlyList<PairResult> All => _all;

    /// <summary>Adds the newest.</summary>
    public void Add(PairResult pair) =>
        ImmutableInterlocked.Update(
            ref _all, static (all, added) => (all.Count >= Kept ? all.RemoveAt(all.Count - 1) : all).Insert(0, added), pair);
}

/// <summary>Sends pairs while the process runs, so that there is always a recent trace.</summary>
public sealed partial class PairTraffic(PairSender sender, RecentPairs recent, IOptions<PairOptions> options, ILogger<PairTraffic> logger)
    : BackgroundService
{
    private volatile bool _isPaused;

    /// <summary>Pauses pairs during a measurement. Only <see cref="Runs.MeasurementGate"/> sets it.</summary>
    public bool IsPaused { get => _isPaused; internal set => _isPaused = value; }

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (options.Value.PairsPerSecond <= 0) return;
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1 / options.Value.PairsPerSecond));
        for (var turn = 0; await timer.WaitForNextTickAsync(stoppingToken); turn++)
        {
            if (IsPaused) continue;
            var pair = await sender.SendAsync(WorkloadCatalog.All[turn % WorkloadCatalog.All.Count], stoppingToken);
            if (pair.Legs.Count == 0) continue;
            recent.Add(pair);
            if (pair.Difference is { } difference) LogDifference(pair.Workload, difference, pair.TraceId);
        }
    }

    [LoggerMessage(LogLevel.Warning, "The paths differ on {Workload}: {Difference} (trace {TraceId}).")]
    private partial void LogDifference(string workload, string difference, string? traceId);
}
