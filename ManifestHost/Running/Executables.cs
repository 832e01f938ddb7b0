using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Topology.ManifestHost.Running;

/// <summary>Finds programs, and describes how to start them.</summary>
internal static class Executables
{
    private static readonly string? SetSid = OperatingSystem.IsLinux() ? Find("setsid") : null;

    /// <summary>The <c>dotnet</c> that runs this process, even if another one is first on PATH.</summary>
    public static string Dotnet { get; } = FindDotnet();

    /// <summary>The full path of a program on PATH, or in the system folders that are only on an administrator's; null if there is none.</summary>
    public static string? Find(string program)
    {
        if (Path.IsPathRooted(program))
            return File.Exists(program) ? program : null;

        string[] system = OperatingSystem.IsWindows() ? [] : ["/usr/local/sbin", "/usr/sbin", "/sbin"];
        string[] extensions = OperatingSystem.IsWindows() ? [".exe", ".cmd", ".bat", ""] : [""];
        return (Environment.GetEnvironmentVariable("PATH") ?? "")
            .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Concat(system)
            .SelectMany(folder => extensions.Select(extension => Path.Combine(folder, program + extension)))
            .FirstOrDefault(IsExecutable);
    }

    /// <summary>
    /// How to start a program so that, on Linux, it leads a session of its own. Ctrl+C on the terminal then reaches the host only,
    /// which stops its children in order, and whatever they start can be found by the session.
    /// </summary>
    public static ProcessStartInfo InOwnSession(string program, IEnumerable<string> arguments) => SetSid is null
        ? new ProcessStartInfo(program, arguments) { UseShellExecute = false }
        : new ProcessStartInfo(SetSid, arguments.Prepend(program)) { UseShellExecute = false };

    private static bool IsExecutable(string path)
    {
        if (!File.Exists(path))
            return false;
        const UnixFileMode anyone = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
        return OperatingSystem.IsWindows() || (File.GetUnixFileMode(path) & anyone) != 0;
    }

    private static string FindDotnet()
    {
        // …/shared/Microsoft.NETCore.App/10.0.0/ is where this runtime's libraries are; its muxer stands three folders above.
        var name = OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet";
        var beside = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", name));
        return File.Exists(beside) ? beside : Find("dotnet") ?? "dotnet";
    }
}
