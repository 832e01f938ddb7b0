using System.Diagnostics.Metrics;
using Microsoft.Extensions.Options;

namespace Topology.Hardening.Limits;

/// <summary>
/// All responses that wait for their clients to read. Each one holds memory while it waits, and in HTTP/2 the client decides how long,
/// because it controls the window. So all of them share a budget. When the budget is spent, the longest-waiting response is aborted.
/// </summary>
/// <remarks>
/// A response that makes progress waits only briefly at a time, even if its client is slow, because every write starts a new wait. The
/// budget counts the maximum that each response can hold, so clients cannot make memory exceed it.
/// </remarks>
internal sealed class AnswerBacklog : IDisposable
{
    private static readonly TimeSpan SweepInterval = TimeSpan.FromMilliseconds(250);

    // When space is short, a response without progress for this long is aborted.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private readonly PublicLimits _limits;
    private readonly TimeProvider _time;
    private readonly Counter<long> _aborted;
    private readonly ITimer _sweep;
    private readonly Lock _lock = new();
    private readonly LinkedList<WatchedAnswer> _waiting = new(); // The longest wait first.
    private long _bytes;
    private long _expected;

    public AnswerBacklog(IOptions<PublicLimits> limits, TimeProvider time, IMeterFactory meters)
    {
        _limits = limits.Value;
        _time = time;
        _aborted = meters.Create(nameof(Topology)).CreateCounter<long>(
            "topology.answers.aborted", "{request}", "Requests aborted because the client did not read; the tag gives the reason.");
        _sweep = time.CreateTimer(_ => EndStalled(), null, SweepInterval, SweepInterval);
    }

    /// <summary>How many responses wait.</summary>
    public int Count => _waiting.Count;

    /// <summary>The most bytes that the waiting responses can hold.</summary>
    public long Bytes => Interlocked.Read(ref _bytes);

    /// <summary>
    /// Adds to the number of bytes that upstreams are expected to send before clients read them. A negative number subtracts.
    /// </summary>
    public void Expect(long bytes) => Interlocked.Add(ref _expected, bytes);

    /// <summary>
    /// Adds a response that starts to wait. If the total exceeds the budget, aborts the responses that have waited longest.
    /// </summary>
    public void Enter(WatchedAnswer answer, long bytes)
    {
        lock (_lock)
        {
            (answer.WaitingBytes, answer.WaitingSince) = (bytes, _time.GetTimestamp());
            _bytes += bytes;
            _waiting.AddLast(answer.Place ??= new(answer));
            while (_bytes > _limits.WaitingBytes) AbortFirst("budget");
        }
    }

    /// <summary>Removes a response that its client has read or that was aborted.</summary>
    public void Leave(WatchedAnswer answer)
    {
        lock (_lock) Remove(answer);
    }

    /// <summary>
    /// Whether more than half of the budget, or of the allowed requests in progress, is used. If so, new streams are refused, and responses
    /// are aborted after one second without progress.
    /// </summary>
    public bool IsCrowded => Bytes + Interlocked.Read(ref _expected) > _limits.WaitingBytes / 2 || Count > _limits.ConcurrentRequests / 2;

    public void Dispose() => _sweep.Dispose();

    private void EndStalled()
    {
        lock (_lock)
        {
            while (_waiting.First is { Value: var first }
                && _time.GetElapsedTime(first.WaitingSince) > (IsCrowded ? Patience : _limits.AnswerStall))
            {
                AbortFirst("stall");
            }
        }
    }

    private void AbortFirst(string reason)
    {
        var answer = _waiting.First!.Value;
        Remove(answer);
        _aborted.Add(1, new KeyValuePair<string, object?>("topology.reason", reason));
        ThreadPool.UnsafeQueueUserWorkItem(static aborted => aborted.Abort(), answer, preferLocal: false);
    }

    private void Remove(WatchedAnswer answer)
    {
        if (answer.Place is not { List: not null } place) return;
        _waiting.Remove(place);
        _bytes -= answer.WaitingBytes;
    }
}
