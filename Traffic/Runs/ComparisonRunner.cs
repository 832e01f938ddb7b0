using Topology.Traffic.Comparison;
using Topology.Traffic.History;
using Topology.Traffic.Pairs;
using Topology.Traffic.Targets;

namespace Topology.Traffic.Runs;

/// <summary>A comparison that runs, for whoever looks at it.</summary>
/// <param name="Options">What is compared.</param>
/// <param name="Progress">How far it is.</param>
/// <param name="Blocks">The blocks measured so far, by path.</param>
public sealed record CurrentRun(ComparisonOptions Options, ComparisonProgress Progress, IReadOnlyDictionary<string, IReadOnlyList<BlockPoint>> Blocks);

/// <summary>Runs one comparison at a time in this process: two at once would measure each other.</summary>
public sealed partial class ComparisonRunner(
    TargetMap targets, PublicTrust trust, RunningTopology topology, PairSender pairs, PairTraffic traffic, ComparisonHistory history,
    IHostApplicationLifetime lifetime, ILogger<ComparisonRunner> logger)
{
    private readonly Lock _gate = new();
    private CancellationTokenSource? _cancellation;

    /// <summary>The run under way, or null.</summary>
    public CurrentRun? Current { get; private set; }

    /// <summary>How the last run ended where it left no result; else null.</summary>
    public string? Failure { get; private set; }

    /// <summary>The number of the last result since the start of this process.</summary>
    public long? LastId { get; private set; }

    /// <summary>Something above has changed; raised on any thread.</summary>
    public event Action? Changed;

    /// <summary>Whether a run is under way.</summary>
    public bool IsRunning => Current is not null;

    /// <summary>Starts a comparison and returns at once.</summary>
    /// <returns>Why it did not start, in one line; null where it did.</returns>
    public string? Start(ComparisonOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.Validate(targets) is { } problem) return problem;
        CancellationTokenSource cancellation;
        lock (_gate)
        {
            if (IsRunning) return "A comparison is running; wait for it or cancel it.";
            cancellation = _cancellation = CancellationTokenSource.CreateLinkedTokenSource(lifetime.ApplicationStopping);
            Current = new(options, new("starting", 0, 1), new Dictionary<string, IReadOnlyList<BlockPoint>>());
            Failure = null;
        }

        Changed?.Invoke();
        _ = RunAsync(options, cancellation);
        return null;
    }

    /// <summary>Ends the run under way, if any; it leaves no result.</summary>
    public void Cancel()
    {
        lock (_gate) _cancellation?.Cancel();
    }

    private async Task RunAsync(ComparisonOptions options, CancellationTokenSource cancellation)
    {
        string? failure = null;
        traffic.IsPaused = true;
        try
        {
            var state = topology.Read();
            var engine = new ComparisonEngine(targets, trust)
            {
                Processes = (path, workload) => state.On(path, workload),
                SendPair = async (workload, cancellationToken) => (await pairs.SendAsync(workload, cancellationToken)).TraceId,
                ServicesConfiguration = state?.Configuration,
            };
            var result = await engine.RunAsync(options, new Reporter(this), cancellation.Token);
            LastId = history.Add(result);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            failure = "The comparison was cancelled.";
        }
        catch (Exception exception)
        {
            // Nobody awaits this; the page shows it, and the log has the rest.
            failure = exception is ComparisonFailedException ? exception.Message : $"The comparison failed: {exception.GetBaseException().Message}";
            LogFailed(exception);
        }
        finally
        {
            traffic.IsPaused = false;
            lock (_gate)
            {
                (Current, Failure, _cancellation) = (null, failure, null);
            }

            cancellation.Dispose();
            Changed?.Invoke();
        }
    }

    private void Report(ComparisonProgress progress)
    {
        lock (_gate)
        {
            if (Current is not { } current) return;
            var blocks = current.Blocks;
            if (progress is { Path: { } path, Block: { } block })
            {
                blocks = new Dictionary<string, IReadOnlyList<BlockPoint>>(blocks) { [path] = [.. blocks.GetValueOrDefault(path) ?? [], block] };
            }

            Current = current with { Progress = progress, Blocks = blocks };
        }

        Changed?.Invoke();
    }

    [LoggerMessage(LogLevel.Error, "A comparison failed.")]
    private partial void LogFailed(Exception exception);

    private sealed class Reporter(ComparisonRunner runner) : IProgress<ComparisonProgress>
    {
        public void Report(ComparisonProgress value) => runner.Report(value);
    }
}
