using System.Diagnostics;
using System.Reflection;
using Topology.Comparison.Cost;
using Topology.Comparison.Lanes;
using Topology.Comparison.Networks;
using Topology.Comparison.Pacing;
using Topology.Comparison.Targets;
using Topology.Comparison.Workloads;

namespace Topology.Comparison;

/// <summary>
/// Compares paths by sending the same requests in short blocks. Each round has one block for each path and one for the
/// control (the baseline again), in random order. All blocks of a round have the same planned times.
/// </summary>
/// <param name="targets">Where the paths begin.</param>
/// <param name="trust">Which certificates are trusted.</param>
public sealed class ComparisonEngine(TargetMap targets, PublicTrust trust)
{
    /// <summary>The pause between blocks, so that one path's remaining work does not count as the next path's cost.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    /// <summary>A path is left out after this many blocks in a row with errors only.</summary>
    private const int FailedBlocks = 3;

    /// <summary>How long a path is loaded to saturation at a time, before the measurement.</summary>
    public TimeSpan WarmUpSlice { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The most slices for each path; null allows twice the time of the measurement, from 4 to 40.</summary>
    public int? WarmUpSlices { get; set; }

    /// <summary>How long each path is then loaded at the rate of the measurement.</summary>
    public TimeSpan WarmUp { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Sends one traced pair and returns its trace id. Called after some of the rounds. If null, no pairs are sent.</summary>
    public Func<Workload, CancellationToken, Task<string?>>? SendPair { get; init; }

    /// <summary>The processes on a path, whose cost is measured.</summary>
    public Func<string, Workload, IReadOnlyList<MeasuredProcess>> Processes { get; init; } = (_, _) => [];

    /// <summary>The build configuration of the services, such as <c>Release</c>; null if unknown.</summary>
    public string? ServicesConfiguration { get; init; }

    /// <summary>The build configuration of this program, which takes the measurements; null if unknown.</summary>
    public string? OwnConfiguration { get; init; } =
        typeof(ComparisonEngine).Assembly.GetCustomAttribute<AssemblyConfigurationAttribute>()?.Configuration;

    /// <summary>What the reader must know besides what is measured.</summary>
    public IReadOnlyList<string> Remarks { get; init; } = [];

    /// <summary>Runs a comparison.</summary>
    /// <param name="options">Options that are valid for the targets.</param>
    /// <param name="progress">Receives a report after every block.</param>
    /// <param name="cancellationToken">
    /// Cancels the run. It stops within a quarter of a second or, if requests are in progress, when their responses have ended.
    /// </param>
    /// <exception cref="ComparisonFailedException">The baseline does not respond.</exception>
    public Task<ComparisonResult> RunAsync(
        ComparisonOptions options, IProgress<ComparisonProgress>? progress, CancellationToken cancellationToken) =>
        // The generator blocks its calling thread.
        Task.Factory.StartNew(
            () => Run(options, progress, cancellationToken), cancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private ComparisonResult Run(ComparisonOptions options, IProgress<ComparisonProgress>? progress, CancellationToken cancellationToken)
    {
        var startedAt = DateTimeOffset.UtcNow;
        var workload = options.Find()!;
        if (options.Paths.Count == 0)
        {
            options =
                options with { Paths = [.. targets.Paths.Where(path => targets.Find(path, workload.Service, options.Tls).Count > 0)] };
        }

        using var network = options.DelayMs > 0 ? new EmulatedNetwork(TimeSpan.FromMilliseconds(options.DelayMs)) : null;
        var random = new Random(options.Seed);
        var measured = new List<MeasuredPath>();
        try
        {
            foreach (var path in options.Paths) measured.Add(Create(path, isControl: false));
            measured.Insert(1, Create(options.Baseline, isControl: true));
            var total = measured.Count * options.Rounds;

            progress?.Report(new("checking that every path returns the same responses", 0, total));
            var expected = ResponseCheck.Expect(workload, measured[0]);
            foreach (var path in measured.Skip(1)) ResponseCheck.Check(workload, path, expected);

            using var generator = new Generator(workload, expected, options.Concurrency);
            progress?.Report(new("warming up", 0, total));
            foreach (var path in measured.Where(path => path.IsActive)) OpenAll(path);
            // The control uses the baseline's services, which are then warm.
            new WarmUpLoad(WarmUpSlice, WarmUpSlices ?? options.WarmUpSeconds).Run(
                [.. measured.Where(path => path is { IsActive: true, IsControl: false })], generator, workload.Writes, cancellationToken);
            foreach (var path in measured.Where(path => path.IsActive))
            {
                path.WarmUp(generator.Run(path.Lanes.Lanes, Plan(options, WarmUp.TotalSeconds, 0, random), cancellationToken));
                cancellationToken.ThrowIfCancellationRequested();
            }

            foreach (var path in measured) path.StartMeasuring();
            var traces = Measure(options, workload, measured, generator, random, progress, total, cancellationToken);
            progress?.Report(new("computing the result", total, total));
            return ResultBuilder.Build(
                options, workload, startedAt, measured, traces, CheckStore(workload, measured), DebugFaults(), Remarks);
        }
        finally
        {
            foreach (var path in measured) path.Dispose();
        }

        MeasuredPath Create(string path, bool isControl) => new(
            path, isControl,
            new PathLanes(
                path, targets.Find(path, workload.Service, options.Tls), workload, options.Concurrency, options.IsHttp2, trust,
                network is null ? null : network.Find),
            new ProcessCost(Processes(path, workload)));
    }

    private List<string> Measure(
        ComparisonOptions options, Workload workload, List<MeasuredPath> paths, Generator generator, Random random,
        IProgress<ComparisonProgress>? progress, int total, CancellationToken cancellationToken)
    {
        var traces = new List<string>();
        var started = Stopwatch.GetTimestamp();
        var done = 0;
        for (var round = 0; round < options.Rounds; round++)
        {
            var plan = Plan(options, options.BlockSeconds, round, random);
            var order = paths.ToArray();
#pragma warning disable CA5394 // The order of blocks is no secret; a seed repeats it.
            random.Shuffle(order);
#pragma warning restore CA5394
            foreach (var path in order)
            {
                done++;
                if (!path.IsActive) continue;
                path.Cost.Refresh();
                Thread.Sleep(Pause);
                var at = Stopwatch.GetElapsedTime(started).TotalSeconds;
                var before = path.Cost.Cpu();
                var record = generator.Run(path.Lanes.Lanes, plan, cancellationToken);
                cancellationToken.ThrowIfCancellationRequested();
                var block = path.Add(record, ProcessCost.Used(before, path.Cost.Cpu()), at);
                if (path.FailedInARow >= FailedBlocks)
                {
                    path.LeaveOut($"left out after {FailedBlocks} blocks without a successful response: {record.Error}");
                }
                progress?.Report(
                    new($"round {round + 1} of {options.Rounds}", done, total,
                        path.IsControl ? null : path.Path, path.IsControl ? null : block));
            }

            if (!paths[0].IsActive)
            {
                throw new ComparisonFailedException($"The baseline {paths[0].Path} stopped responding: {paths[0].Error}.");
            }
            if (SendPair is not null && round % Math.Max(1, options.Rounds / 5) == 0
                && SendPair(workload, cancellationToken).GetAwaiter().GetResult() is { } trace)
            {
                traces.Add(trace);
            }
        }

        return traces;
    }

    private static BlockPlan Plan(ComparisonOptions options, double seconds, int round, Random random) => new(
        options.ClosedLoop ? null : Schedule.Plan(options.Arrival, options.Rate, seconds, random),
        Pacer.Ticks(TimeSpan.FromSeconds(seconds)),
        round);

    private static void OpenAll(MeasuredPath path)
    {
        try
        {
            foreach (var lane in path.Lanes.Lanes) lane.Open();
        }
        catch (Exception exception)
        {
            path.LeaveOut(Generator.Describe(exception));
        }
    }

    private IEnumerable<string> DebugFaults()
    {
        const string Debug = nameof(Debug);
        if (ServicesConfiguration == Debug)
        {
            yield return "The services are built in Debug: use Release, such as dotnet run --project AppHost --configuration Release.";
        }
        if (OwnConfiguration == Debug) yield return "The program that measures is built in Debug: use Release.";
    }

    /// <summary>
    /// Counts how many of the acknowledged orders the store lists after the run, read through the baseline. All must be listed.
    /// </summary>
    private StoreCheck? CheckStore(Workload workload, List<MeasuredPath> paths)
    {
        if (!workload.IsKeyed) return null;
        var acknowledged = paths.SelectMany(path => path.Acknowledged).ToList();
        var address = targets.Find(paths[0].Path, workload.Service, tls: false) is [var first, ..] ? first
            : targets.Find(paths[0].Path, workload.Service, tls: true)[0];
        return new(acknowledged.Count, StoredOrders.Count(address, acknowledged, trust));
    }
}
