using System.Diagnostics;
using Topology.Comparison.Lanes;
using Topology.Comparison.Pacing;
using Topology.Comparison.Workloads;

namespace Topology.Comparison;

/// <summary>The plan of one block.</summary>
/// <param name="Planned">Offsets from the block's start, in ticks of <see cref="Stopwatch"/>; null in a closed loop.</param>
/// <param name="Length">The block's length in ticks.</param>
/// <param name="Round">Selects the variants to send; the same on every path.</param>
/// <param name="Lanes">In a closed loop, how many lanes send.</param>
internal sealed record BlockPlan(long[]? Planned, long Length, int Round, int Lanes = int.MaxValue);

/// <summary>The measurements of one block.</summary>
internal sealed class BlockRecord
{
    /// <summary>Latencies of successful responses in ticks of <see cref="Stopwatch"/>, counted from the planned time.</summary>
    public List<long> Latencies { get; } = [];

    /// <summary>Requests planned; in a closed loop, requests sent.</summary>
    public int Planned { get; set; }

    /// <summary>Requests with an unexpected status or without a response.</summary>
    public int Errors { get; set; }

    /// <summary>Responses that differ from the baseline's.</summary>
    public int Different { get; set; }

    /// <summary>Requests that started later than the tolerance although a connection was free.</summary>
    public int Late { get; set; }

    /// <summary>Requests that started later than the tolerance because no connection was free.</summary>
    public int Waited { get; set; }

    /// <summary>The ticks from the block's start until its last request started; at least the block's length.</summary>
    public long Duration { get; set; }

    /// <summary>The first error, for people.</summary>
    public string? Error { get; set; }

    /// <summary>The ids of acknowledged orders.</summary>
    public List<Guid> Acknowledged { get; } = [];

    public void Add(BlockRecord other)
    {
        Latencies.AddRange(other.Latencies);
        Acknowledged.AddRange(other.Acknowledged);
        Planned += other.Planned;
        Errors += other.Errors;
        Different += other.Different;
        Late += other.Late;
        Waited += other.Waited;
        Duration = Math.Max(Duration, other.Duration);
        Error ??= other.Error;
    }
}

/// <summary>
/// Sends blocks. Each lane has a thread that takes the next planned request, sleeps until its time, sends it and reads the
/// response. Requests start on time as long as one lane is free; otherwise the wait counts as latency. Latency is
/// counted from the planned time, as wrk2 does, so that a stall affects every request planned during it, not only those
/// in flight.
/// </summary>
internal sealed class Generator : IDisposable
{
    /// <summary>A request that starts later than this is late.</summary>
    public static readonly TimeSpan Tolerance = TimeSpan.FromMilliseconds(1);

    private static readonly long ToleranceTicks = Pacer.Ticks(Tolerance);

    private readonly Workload _workload;
    private readonly ulong[] _expected;
    private readonly Thread[] _threads;
    private readonly Barrier _barrier;
    private readonly BlockRecord[] _records;
    private ILane[] _lanes = [];
    private BlockPlan? _plan;
    private long _start;
    private int _next;
    private CancellationToken _cancellationToken;

    /// <param name="workload">The workload to send.</param>
    /// <param name="expected">The digest of the baseline's response to each variant.</param>
    /// <param name="concurrency">The number of lanes to a path.</param>
    public Generator(Workload workload, ulong[] expected, int concurrency)
    {
        (_workload, _expected) = (workload, expected);
        _records = new BlockRecord[concurrency];
        _barrier = new(concurrency + 1);
        _threads = [.. Enumerable.Range(0, concurrency)
            .Select(index => new Thread(() => Work(index)) { IsBackground = true, Name = $"lane {index}" })];
        foreach (var thread in _threads) thread.Start();
    }

    /// <summary>Sends one block and returns when all its requests have ended. Blocks the calling thread.</summary>
    public BlockRecord Run(ILane[] lanes, BlockPlan plan, CancellationToken cancellationToken)
    {
        (_lanes, _plan, _next, _cancellationToken) = (lanes, plan, 0, cancellationToken);
        // Start slightly later, so that every thread is ready before the first request is due.
        _start = Stopwatch.GetTimestamp() + Pacer.Ticks(TimeSpan.FromMilliseconds(2));
        _barrier.SignalAndWait(CancellationToken.None);
        _barrier.SignalAndWait(CancellationToken.None);
        var total = new BlockRecord { Duration = plan.Length };
        foreach (var record in _records) total.Add(record);
        return total;
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _plan = null;
        _barrier.SignalAndWait();
        foreach (var thread in _threads) thread.Join();
        _barrier.Dispose();
    }

    private void Work(int index)
    {
        Pacer.Prepare();
        while (true)
        {
            _barrier.SignalAndWait();
            if (_plan is not { } plan) return;
            var record = _records[index] = new BlockRecord();
            if (plan.Planned is { } planned) RunOpen(_lanes[index], planned, plan.Round, record);
            else if (index < plan.Lanes) RunClosed(_lanes[index], plan.Length, plan.Round, record);
            _barrier.SignalAndWait();
        }
    }

    private void RunOpen(ILane lane, long[] planned, int round, BlockRecord record)
    {
        while (Interlocked.Increment(ref _next) - 1 is var request && request < planned.Length)
        {
            var due = _start + planned[request];
            var freeAt = Stopwatch.GetTimestamp();
            if (!Pacer.WaitUntil(due, _cancellationToken)) return;
            var startedAt = Stopwatch.GetTimestamp();
            if (startedAt - due > ToleranceTicks)
            {
                if (freeAt > due) record.Waited++;
                else record.Late++;
            }

            record.Duration = Math.Max(record.Duration, startedAt - _start);
            Exchange(lane, request, round, due, record);
        }
    }

    private void RunClosed(ILane lane, long length, int round, BlockRecord record)
    {
        if (!Pacer.WaitUntil(_start, _cancellationToken)) return;
        for (var now = Stopwatch.GetTimestamp(); now - _start < length
            && !_cancellationToken.IsCancellationRequested; now = Stopwatch.GetTimestamp())
        {
            Exchange(lane, Interlocked.Increment(ref _next) - 1, round, now, record);
        }
    }

    private void Exchange(ILane lane, int request, int round, long due, BlockRecord record)
    {
        record.Planned++;
        var variant = (int)(((uint)request + (uint)round * 7) % (uint)_expected.Length);
        try
        {
            var answer = lane.Exchange(variant);
            if (!_workload.Accepts(answer.Status))
            {
                record.Errors++;
                record.Error ??= $"status {answer.Status}";
                return;
            }

            record.Latencies.Add(answer.EndedAt - due);
            // Compare after the timestamp is taken, so that the comparison does not count as latency.
            if (_workload.Digest(lane.Body) != _expected[variant]) record.Different++;
            if (_workload.IsKeyed && OrdersWorkload.OrderId(lane.Body) is { } id) record.Acknowledged.Add(id);
        }
        catch (Exception exception)
        {
            // Every failure counts as an error of the path. An exception in a lane must not end the run.
            record.Errors++;
            record.Error ??= Describe(exception);
            // In a closed loop, a path that refuses immediately would otherwise be retried without a pause.
            if (_plan is { Planned: null }) Thread.Sleep(1);
        }
    }

    /// <summary>The innermost message, such as <c>Connection refused</c>, instead of its wrapper's.</summary>
    public static string Describe(Exception exception) => exception.GetBaseException() switch
    {
        OperationCanceledException => "no response within 10 s",
        var cause => cause.Message,
    };
}
