using System.Diagnostics;

namespace Topology.Comparison.Pacing;

/// <summary>
/// Waits precisely but sleeps most of the time. On a machine with two cores, a spinning generator would take one core from the measured
/// services.
/// </summary>
internal static class Pacer
{
    private const double NanosecondsPerTick = 1e9;

    /// <summary>A sleep ends about this much too late, so it is set to end this much earlier. The thread spins for the rest.</summary>
    private static readonly long WakeUp = Ticks(TimeSpan.FromMicroseconds(15));

    /// <summary>How late .NET's own sleep can end. It is used on systems without precise sleep.</summary>
    private static readonly long CoarseWakeUp = Ticks(TimeSpan.FromMilliseconds(OperatingSystem.IsWindows() ? 16 : 2));

    /// <summary>The longest single sleep, and therefore the longest time until a wait notices that it was cancelled.</summary>
    private static readonly long Slice = Ticks(TimeSpan.FromMilliseconds(200));

    /// <summary>Call once on each thread that waits.</summary>
    public static void Prepare()
    {
        if (NativeClock.IsSupported) NativeClock.SharpenSleep();
    }

    /// <summary>Converts to ticks of <see cref="Stopwatch"/>.</summary>
    public static long Ticks(TimeSpan time) => (long)(time.TotalSeconds * Stopwatch.Frequency);

    /// <summary>Waits until the timestamp; returns immediately if it has passed.</summary>
    /// <returns>False if the wait was cancelled.</returns>
    public static bool WaitUntil(long timestamp, CancellationToken cancellationToken)
    {
        while (true)
        {
            var remaining = timestamp - Stopwatch.GetTimestamp();
            if (remaining <= 0) return !cancellationToken.IsCancellationRequested;
            if (cancellationToken.IsCancellationRequested) return false;

            var wakeUp = NativeClock.IsSupported ? WakeUp : CoarseWakeUp;
            if (remaining <= wakeUp) Thread.SpinWait(10);
            else Sleep(Math.Min(remaining - wakeUp, Slice));
        }
    }

    private static void Sleep(long ticks)
    {
        if (NativeClock.IsSupported) NativeClock.Sleep((long)(ticks * (NanosecondsPerTick / Stopwatch.Frequency)));
        else Thread.Sleep(1);
    }
}
