using Topology.Traffic.Pairs;

namespace Topology.Traffic.Runs;

/// <summary>
/// Allows one measurement at a time, a comparison or a check of claims, because two would disturb each other. Pairs pause
/// meanwhile.
/// </summary>
public sealed class MeasurementGate(PairTraffic pairs)
{
    /// <summary>The message when another measurement is running.</summary>
    public const string Busy = "Paths are being compared or claims checked; wait until that is done.";

    private readonly Lock _lock = new();
    private object? _holder;

    /// <summary>Whether a measurement is running.</summary>
    public bool IsTaken => Volatile.Read(ref _holder) is not null;

    /// <summary>Enters; disposing the result leaves.</summary>
    /// <returns>Null while another measurement is running.</returns>
    public IDisposable? TryEnter()
    {
        lock (_lock)
        {
            if (_holder is not null) return null;
            pairs.IsPaused = true;
            var lease = new Lease(this);
            _holder = lease;
            return lease;
        }
    }

    private void Leave(Lease lease)
    {
        lock (_lock)
        {
            // Only the holder can leave, and only once.
            if (_holder != lease) return;
            pairs.IsPaused = false;
            _holder = null;
        }
    }

    private sealed class Lease(MeasurementGate gate) : IDisposable
    {
        public void Dispose() => gate.Leave(this);
    }
}
