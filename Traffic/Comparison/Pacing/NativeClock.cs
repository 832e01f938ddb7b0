using System.Runtime.InteropServices;

namespace Topology.Comparison.Pacing;

/// <summary>
/// Linux functions that .NET lacks: sleeping for microseconds, and reading another process's CPU time in nanoseconds. If they are not
/// available (<see cref="IsSupported"/>), callers use the less precise functions of .NET.
/// </summary>
internal static unsafe partial class NativeClock
{
    private const int SetTimerSlack = 29;
    private const int ScheduledTime = 2;

    /// <summary>Linux with 64-bit time.</summary>
    public static bool IsSupported { get; } = OperatingSystem.IsLinux() && Environment.Is64BitProcess;

    /// <summary>Makes the calling thread's sleeps end on time instead of up to 50 µs late.</summary>
    public static void SharpenSleep() => _ = prctl(SetTimerSlack, 1, 0, 0, 0);

    /// <summary>Sleeps for a number of nanoseconds, less than a second.</summary>
    public static void Sleep(long nanoseconds)
    {
        var time = new TimeSpecification(0, nanoseconds);
        _ = nanosleep(&time, null);
    }

    /// <summary>CPU time of all threads that a process has or had, in nanoseconds; null if it has ended.</summary>
    public static long? CpuTime(int pid)
    {
        TimeSpecification time;
        // The clock id of a process in the kernel's encoding, as clock_getcpuclockid(3) returns it.
        return clock_gettime((~pid << 3) | ScheduledTime, &time) == 0 ? time.Seconds * 1_000_000_000 + time.Nanoseconds : null;
    }

    [LibraryImport("libc")]
    private static partial int nanosleep(TimeSpecification* requested, TimeSpecification* remaining);

    [LibraryImport("libc")]
    private static partial int clock_gettime(int clock, TimeSpecification* time);

    [LibraryImport("libc")]
    private static partial int prctl(int option, nuint argument2, nuint argument3, nuint argument4, nuint argument5);

    [StructLayout(LayoutKind.Sequential)]
    private readonly record struct TimeSpecification(long Seconds, long Nanoseconds);
}
