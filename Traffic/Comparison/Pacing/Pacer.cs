using System.Diagnostics;

namespace Topology.Comparison.Pacing;

/// <summary>
/// Waits precisely but mostly asleep: on a machine with two cores, a spinning generator takes one core from the measured services.
/// </summary>
internal static class Pacer
{
    private const double NanosecondsPerTick = 1e9;

    /// <summary>A sleep ends about this much late, so it is set to end this much early; the rest is spun.</summary>
    private static readonly long WakeUp = Ticks(TimeSpan.FromMicroseconds(15));

    /// <summary>How late a sleep of .NET can end, for systems without precise sleep.</summary>
    private static readonly long CoarseWakeUp = Ticks(TimeSpan.FromMilliseconds(OperatingSystem.IsWindows() ? 16 : 2));

    /// <summary>The longest sleep: a cancelled wait ends within it.</summary>
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
