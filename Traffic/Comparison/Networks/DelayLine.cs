using System.Collections.Concurrent;
using System.Diagnostics;
using Topology.Comparison.Pacing;

namespace Topology.Comparison.Networks;

/// <summary>
/// Holds everything up for the same time. One thread is enough, because what enters first leaves first, and it sleeps precisely, as
/// the pool's timers do not.
/// </summary>
internal sealed class DelayLine : IDisposable
{
    private readonly BlockingCollection<(long Due, TaskCompletionSource Arrived)> _underway = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private readonly long _ticks;
    private readonly Thread _thread;

    public DelayLine(TimeSpan delay)
    {
        _ticks = Pacer.Ticks(delay);
        _thread = new(Run) { IsBackground = true, Name = "emulated delay" };
        _thread.Start();
    }

    /// <summary>Enters the line now.</summary>
    /// <returns>Ends when the delay is over.</returns>
    public Task Enter()
    {
        var arrived = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock) _underway.Add((Stopwatch.GetTimestamp() + _ticks, arrived));
        return arrived.Task;
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _stop.Cancel();
        _underway.CompleteAdding();
        _thread.Join();
        _underway.Dispose();
        _stop.Dispose();
    }

    private void Run()
    {
        Pacer.Prepare();
        foreach (var (due, arrived) in _underway.GetConsumingEnumerable())
        {
            Pacer.WaitUntil(due, _stop.Token);
            arrived.SetResult();
        }
    }
}
