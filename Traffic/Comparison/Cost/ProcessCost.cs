using System.Diagnostics;
using System.Globalization;
using Topology.Comparison.Pacing;

namespace Topology.Comparison.Cost;

/// <summary>A process on a path. The processes it starts count with it, such as a proxy's workers.</summary>
/// <param name="Name">The service; its replicas share the name.</param>
/// <param name="Pid">The process id.</param>
public sealed record MeasuredProcess(string Name, int Pid);

/// <summary>Reads the CPU time and memory of processes.</summary>
public sealed class ProcessCost(IReadOnlyList<MeasuredProcess> processes)
{
    /// <summary>The name of the generator's own cost.</summary>
    public const string GeneratorName = "generator";

    private readonly IReadOnlyList<MeasuredProcess> _processes = [.. processes, new(GeneratorName, Environment.ProcessId)];
    private MeasuredProcess[] _members = [];

    /// <summary>Finds the processes. Separate from reading, because the search itself uses CPU of this process.</summary>
    public void Refresh()
    {
        var children = ProcessFamily.Children();
        _members = [.. _processes.SelectMany(
            process => ProcessFamily.Of(process.Pid, children, process.Name != GeneratorName).Select(pid => process with { Pid = pid }))];
    }

    /// <summary>CPU time so far of each process that the last refresh found and that still runs.</summary>
    public IReadOnlyDictionary<MeasuredProcess, TimeSpan> Cpu()
    {
        var times = new Dictionary<MeasuredProcess, TimeSpan>();
        foreach (var member in _members)
        {
            if (CpuTime(member.Pid) is { } time) times[member] = time;
        }

        return times;
    }

    /// <summary>CPU time between two readings, by name. A process that ended in between does not count.</summary>
    public static IReadOnlyDictionary<string, TimeSpan> Used(
        IReadOnlyDictionary<MeasuredProcess, TimeSpan> before, IReadOnlyDictionary<MeasuredProcess, TimeSpan> after) =>
        after.Where(entry => before.ContainsKey(entry.Key)).GroupBy(entry => entry.Key.Name)
            .ToDictionary(group => group.Key, group => TimeSpan.FromTicks(group.Sum(entry => (entry.Value - before[entry.Key]).Ticks)));

    /// <summary>
    /// Memory by name in MiB. This is the proportional share of resident pages (PSS), so that pages shared by workers count once. If PSS is
    /// not available, it is the working set.
    /// </summary>
    public IReadOnlyDictionary<string, double> MemoryMiB() =>
        _members.GroupBy(member => member.Name).ToDictionary(group => group.Key, group => group.Sum(member => Memory(member.Pid)));

    private static TimeSpan? CpuTime(int pid)
    {
        // Prefer the process's CPU clock: it counts nanoseconds, while /proc/<pid>/stat counts hundredths of a second.
        if (NativeClock.IsSupported)
        {
            return NativeClock.CpuTime(pid) is { } nanoseconds ? TimeSpan.FromMicroseconds(nanoseconds / 1000.0) : null;
        }
        return ReadProcess<TimeSpan?>(pid, process => process.TotalProcessorTime);
    }

    private static double Memory(int pid)
    {
        const double KibPerMib = 1024;
        try
        {
            var line =
                File.ReadLines($"/proc/{pid}/smaps_rollup").FirstOrDefault(line => line.StartsWith("Pss:", StringComparison.Ordinal));
            if (line is not null) return double.Parse(line["Pss:".Length..].Trim().Split(' ')[0], CultureInfo.InvariantCulture) / KibPerMib;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // The system is not Linux, the process belongs to another user, or the process has ended.
        }

        return ReadProcess(pid, process => process.WorkingSet64 / (KibPerMib * KibPerMib));
    }

    private static T? ReadProcess<T>(int pid, Func<Process, T> read)
    {
        try
        {
            using var process = Process.GetProcessById(pid);
            return read(process);
        }
        catch (Exception exception) when (
            exception is ArgumentException or InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            return default; // Ended, or not readable.
        }
    }
}

/// <summary>Finds the processes that a process started.</summary>
internal static class ProcessFamily
{
    /// <summary>Children by parent; empty except on Linux.</summary>
    public static ILookup<int, int> Children()
    {
        if (!OperatingSystem.IsLinux()) return Enumerable.Empty<int>().ToLookup(pid => pid);
        return (from directory in Directory.EnumerateDirectories("/proc")
                let name = Path.GetFileName(directory)
                where int.TryParse(name, CultureInfo.InvariantCulture, out _)
                let parent = Parent(directory)
                where parent is not null
                select (Parent: parent.Value, Pid: int.Parse(name, CultureInfo.InvariantCulture))).ToLookup(
                    entry => entry.Parent, entry => entry.Pid);
    }

    /// <summary>The process and, if asked, all its descendants.</summary>
    public static IEnumerable<int> Of(int pid, ILookup<int, int> children, bool withChildren) =>
        withChildren ? children[pid].SelectMany(child => Of(child, children, true)).Prepend(pid) : [pid];

    private static int? Parent(string directory)
    {
        try
        {
            // The name in parentheses may contain any character. Count fields from the last parenthesis: first the state, then the parent.
            var stat = File.ReadAllText(Path.Combine(directory, "stat"));
            return int.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[1], CultureInfo.InvariantCulture);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null; // Ended.
        }
    }
}
