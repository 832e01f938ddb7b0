using Topology.Traffic.Pairs;

namespace Topology.Traffic.Runs;

/// <summary>
/// Allows only one measurement at a time, because two would disturb each other. A measurement is a comparison or a check of
/// claims. No pairs are sent meanwhile.
/// </summary>
public sealed class MeasurementGate(PairTraffic pairs)
{
    /// <summary>The message when another measurement is running.</summary>
    public const string Busy = "Paths are being compared or claims checked; wait until that is done.";

    private readonly Lock _lock = new();
    private object? _holder;

    /// <summary>Whether a measurement is running.</summary>
    public bool IsTaken => Volatile.Read(ref _holder) is not null;

    /// <summary>Takes the gate. Dispose the result to release it.</summary>
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
            // Ignore a lease that no longer holds the gate, for example when it is disposed twice.
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
