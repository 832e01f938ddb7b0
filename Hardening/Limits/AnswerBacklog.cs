using System.Diagnostics.Metrics;
using Microsoft.Extensions.Options;

namespace Topology.Hardening.Limits;

/// <summary>
/// All answers that wait for their clients to take more of them. Each makes the process hold memory for as long as it waits,
/// and in HTTP/2 the client decides how long: it opens its window or does not. So they share a budget, and the one that
/// has waited longest is aborted when the budget is spent.
/// </summary>
/// <remarks>
/// An answer that moves is in here for moments only, however slow its client is, because each write counts anew. What
/// counts is the most that an answer can hold, so that memory stays within the budget whatever clients do.
/// </remarks>
internal sealed class AnswerBacklog : IDisposable
{
    private static readonly TimeSpan SweepInterval = TimeSpan.FromMilliseconds(250);

    // A client that takes nothing for this long makes room for others when they need it.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private readonly PublicLimits _limits;
    private readonly TimeProvider _time;
    private readonly Counter<long> _aborted;
    private readonly ITimer _sweep;
    private readonly Lock _lock = new();
    private readonly LinkedList<WatchedAnswer> _waiting = new(); // The longest first.
    private long _bytes;
    private long _expected;

    public AnswerBacklog(IOptions<PublicLimits> limits, TimeProvider time, IMeterFactory meters)
    {
        _limits = limits.Value;
        _time = time;
        _aborted = meters.Create(nameof(Topology)).CreateCounter<long>(
            "topology.answers.aborted", "{request}", "Requests aborted because the client did not take the answer; the tag says what for.");
        _sweep = time.CreateTimer(_ => EndStalled(), null, SweepInterval, SweepInterval);
    }

    /// <summary>How many answers wait.</summary>
    public int Count => _waiting.Count;

    /// <summary>What the waiting answers can hold.</summary>
    public long Bytes => Interlocked.Read(ref _bytes);

    /// <summary>So many bytes more, or less, are expected of upstreams.</summary>
    public void Expect(long bytes) => Interlocked.Add(ref _expected, bytes);

    /// <summary>An answer waits from now on. The others pay if that is more than the budget has.</summary>
    public void Enter(WatchedAnswer answer, long bytes)
    {
        lock (_lock)
        {
            (answer.WaitingBytes, answer.WaitingSince) = (bytes, _time.GetTimestamp());
            _bytes += bytes;
            _waiting.AddLast(answer.Place);
            while (_bytes > _limits.WaitingBytes) AbortFirst("budget");
        }
    }

    /// <summary>An answer was taken or given up.</summary>
    public void Leave(WatchedAnswer answer)
    {
        lock (_lock) Remove(answer);
    }

    /// <summary>
    /// Whether half of the budget is taken, or half of the places for requests in progress. Then no further stream begins,
    /// and a client that takes nothing has seconds left.
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
        if (answer.Place.List is null) return;
        _waiting.Remove(answer.Place);
        _bytes -= answer.WaitingBytes;
    }
}
