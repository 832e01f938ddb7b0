using Topology.Comparison;
using Topology.Comparison.Pairs;
using Topology.Comparison.Targets;
using Topology.Traffic.History;
using Topology.Traffic.Pairs;

namespace Topology.Traffic.Runs;

/// <summary>A running comparison.</summary>
/// <param name="Options">What is compared.</param>
/// <param name="Progress">The progress.</param>
/// <param name="Blocks">The blocks measured so far, by path.</param>
public sealed record CurrentRun(
    ComparisonOptions Options, ComparisonProgress Progress, IReadOnlyDictionary<string, IReadOnlyList<BlockPoint>> Blocks)
{
    /// <summary>When it started, for the time left.</summary>
    public long StartedAt { get; } = System.Diagnostics.Stopwatch.GetTimestamp();
}

/// <summary>How a comparison ended.</summary>
/// <param name="Id">The result's number in the history; 0 without a result.</param>
/// <param name="Result">The result; null if there is none.</param>
/// <param name="Failure">Why there is no result, in one line; otherwise null.</param>
public sealed record ComparisonEnd(long Id, ComparisonResult? Result, string? Failure);

/// <summary>Runs comparisons in this process, for the page and for commands.</summary>
public sealed partial class ComparisonRunner(
    TargetMap targets, PublicTrust trust, RunningTopology topology, PairSender pairs, ComparisonHistory history, MeasurementGate gate,
    IHostApplicationLifetime lifetime, ILogger<ComparisonRunner> logger)
{
    private readonly Lock _lock = new();
    private CancellationTokenSource? _cancellation;

    /// <summary>The running comparison, or null.</summary>
    public CurrentRun? Current { get; private set; }

    /// <summary>Why the last run left no result; otherwise null.</summary>
    public string? Failure { get; private set; }

    /// <summary>Raised after one of the properties above has changed. Handlers may run on any thread.</summary>
    public event Action? Changed;

    /// <summary>Whether a comparison is running.</summary>
    public bool IsRunning => Current is not null;

    /// <summary>Starts a comparison and returns immediately.</summary>
    /// <param name="options">The options, which must be valid for the targets.</param>
    /// <param name="cancellationToken">Cancels the run.</param>
    /// <returns>The end of the run; null if another measurement is running.</returns>
    public Task<ComparisonEnd>? TryStart(ComparisonOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (gate.TryEnter() is not { } lease) return null;
        var cancellation = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, lifetime.ApplicationStopping);
        lock (_lock)
        {
            _cancellation = cancellation;
            Current = new(options, new("starting", 0, 1), new Dictionary<string, IReadOnlyList<BlockPoint>>());
            Failure = null;
        }

        Changed?.Invoke();
        return RunAsync(options, lease, cancellation);
    }

    /// <summary>Cancels the running comparison, if any. It leaves no result.</summary>
    public void Cancel()
    {
        lock (_lock) _cancellation?.Cancel();
    }

    private async Task<ComparisonEnd> RunAsync(ComparisonOptions options, IDisposable lease, CancellationTokenSource cancellation)
    {
        var end = new ComparisonEnd(0, null, null);
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
            return end = new(history.Add(result), result, null);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return end = end with { Failure = "The comparison was cancelled." };
        }
        catch (Exception exception)
        {
            // The page shows the message; the log has the whole exception.
            LogFailed(exception);
            return end = end with
            {
                Failure = exception is ComparisonFailedException ? exception.Message
                : $"The comparison failed: {exception.GetBaseException().Message}"
            };
        }
        finally
        {
            lock (_lock)
            {
                (Current, Failure, _cancellation) = (null, end.Failure, null);
                lease.Dispose();
            }

            cancellation.Dispose();
            Changed?.Invoke();
        }
    }

    private void Report(ComparisonProgress progress)
    {
        lock (_lock)
        {
            if (Current is not { } current) return;
            var blocks = current.Blocks;
            if (progress is { Path: { } path, Block: { } block })
            {
                blocks = new Dictionary<string,
                    IReadOnlyList<BlockPoint>>(blocks)
                { [path] = [.. blocks.GetValueOrDefault(path) ?? [], block] };
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
