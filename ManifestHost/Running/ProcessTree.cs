using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Topology.ManifestHost.Running;

/// <summary>A process that stays recognisable when its id is used again.</summary>
/// <param name="Started">When it started, in units of the operating system; only equality matters.</param>
internal readonly record struct ProcessIdentity(int Pid, long Started)
{
    /// <summary>The process with this id, or null if there is none (any more).</summary>
    public static ProcessIdentity? Of(int pid)
    {
        if (OperatingSystem.IsLinux())
            return ProcFs.Read(pid) is { } stat ? new(pid, stat.Started) : null;
        try
        {
            using var process = Process.GetProcessById(pid);
            return process.HasExited ? null : new(pid, process.StartTime.ToFileTimeUtc());
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }

    public bool IsAlive => Of(Pid) == this;
}

/// <summary>Signals to processes and to everything they have started.</summary>
/// <remarks>
/// On Linux children lead their own session (see <see cref="ChildProcess"/>), so a tree is found even when the process in its
/// middle, or its root, is gone. Elsewhere the tree is what the operating system knows by parent.
/// </remarks>
internal static class ProcessTree
{
    private const int SigTerm = 15;
    private const int SigKill = 9;

    /// <summary>Asks one process to end; on Windows, which has no such request for background processes, ends its tree.</summary>
    public static void Terminate(ProcessIdentity process)
    {
        if (!process.IsAlive)
            return;
        if (OperatingSystem.IsWindows())
            KillByParent(process);
        else
            _ = Signal(process.Pid, SigTerm);
    }

    /// <summary>Ends processes and everything they have started, at once.</summary>
    /// <param name="roots">May be gone already; what they left behind is ended all the same.</param>
    /// <param name="marker">On Linux also ends processes with this text (<c>NAME=VALUE</c>) in their environment.</param>
    public static void Kill(IReadOnlyCollection<ProcessIdentity> roots, string? marker = null)
    {
        if (!OperatingSystem.IsLinux())
        {
            foreach (var root in roots)
                KillByParent(root);
            return;
        }

        // What is forked while the list is made is in the next one.
        for (var round = 0; round < 10 && Members(roots, marker) is { Count: > 0 } members; round++)
        {
            foreach (var member in members)
                _ = Signal(member.Pid, SigKill);
            Thread.Sleep(10);
        }
    }

    /// <summary>The living processes of these trees.</summary>
    public static IReadOnlyList<ProcessIdentity> Members(IReadOnlyCollection<ProcessIdentity> roots, string? marker = null)
    {
        if (!OperatingSystem.IsLinux())
            return [.. roots.Where(root => root.IsAlive)];

        var all = ProcFs.All();
        var sessions = roots.Where(root => !all.TryGetValue(root.Pid, out var now) || now.Started == root.Started).Select(root => root.Pid).ToHashSet();
        var members = all.Values
            .Where(process => sessions.Contains(process.Session) || sessions.Contains(process.Pid) || (marker is not null && ProcFs.Environment(process.Pid).Contains(marker)))
            .Select(process => process.Pid)
            .ToHashSet();
        int before;
        do
        {
            before = members.Count;
            members.UnionWith(all.Values.Where(process => members.Contains(process.Parent)).Select(process => process.Pid).ToArray());
        }
        while (members.Count > before);
        members.Remove(Environment.ProcessId);
        return [.. members.Select(pid => new ProcessIdentity(pid, all[pid].Started))];
    }

    private static void KillByParent(ProcessIdentity root)
    {
        if (!root.IsAlive)
            return;
        try
        {
            using var process = Process.GetProcessById(root.Pid);
            process.Kill(entireProcessTree: true);
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException or System.ComponentModel.Win32Exception or AggregateException)
        {
            // It ended by itself in the meantime.
        }
    }

    [DllImport("libc", EntryPoint = "kill"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Signal(int pid, int signal);
}

/// <summary>The little of Linux's /proc that is needed here. Zombies do not count as processes.</summary>
internal static class ProcFs
{
    internal readonly record struct Stat(int Pid, int Parent, int Session, long Started);

    public static Stat? Read(int pid)
    {
        try
        {
            // The second field is the program's name in parentheses and may itself hold spaces and parentheses.
            var text = File.ReadAllText($"/proc/{pid}/stat");
            var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
            return fields[0] is "Z" or "X" ? null : new Stat(pid, Number(fields[1]), Number(fields[3]), long.Parse(fields[19], CultureInfo.InvariantCulture));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    public static Dictionary<int, Stat> All() => Directory.EnumerateDirectories("/proc")
        .Select(folder => int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out var pid) ? Read(pid) : null)
        .OfType<Stat>()
        .ToDictionary(stat => stat.Pid);

    /// <summary>The environment a process was started with, as <c>NAME=VALUE</c>; empty if it may not be read.</summary>
    public static string[] Environment(int pid) => ReadStrings(pid, "environ");

    public static string[] CommandLine(int pid) => ReadStrings(pid, "cmdline");

    private static string[] ReadStrings(int pid, string file)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/{file}").Split('\0', StringSplitOptions.RemoveEmptyEntries);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}
