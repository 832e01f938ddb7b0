using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Topology.Tests.Infrastructure;

/// <summary>Starts the project's programs as users do, in their own processes.</summary>
internal static class Programs
{
    /// <summary>The data folder of programs that tests start, instead of the user's application data.</summary>
    public static string DataHome { get; } = Directory.CreateTempSubdirectory("topology-data-").FullName;

    /// <summary>The folder of these programs' local authorities.</summary>
    public static string Certificates { get; } = Path.Combine(DataHome, "topology", "certificates");

    /// <summary>The folder of the solution.</summary>
    public static string Repository { get; } = FindRepository();

    /// <summary>The <c>dotnet</c> that runs this process.</summary>
    public static string Dotnet { get; } = FindDotnet();

    /// <summary>The program of a project, in the build configuration of these tests.</summary>
    public static string Assembly(string project) => Path.Combine(
        Repository, "artifacts", "bin", project, new DirectoryInfo(AppContext.BaseDirectory).Name, $"Topology.{project}.dll");

    /// <summary>The full path of a program on PATH or in Debian's server folders; null if there is none.</summary>
    public static string? Find(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
        .Concat(["/usr/local/sbin", "/usr/sbin", "/sbin"])
        .Select(folder => Path.Combine(folder, program))
        .FirstOrDefault(File.Exists);

    /// <summary>Starts a project's program with redirected output.</summary>
    /// <param name="project">The project, such as <c>Traffic</c>.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="environment">Extra environment variables.</param>
    public static Process Start(string project, IEnumerable<string> arguments, params IEnumerable<(string Name, string Value)> environment)
    {
        var start = new ProcessStartInfo(Dotnet, ["exec", Assembly(project), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            // Keeps orders, histories and certificates of tests out of the user's data.
            Environment = {
                ["XDG_DATA_HOME"] = DataHome,
                ["Topology__Certificates__Directory"] = Certificates,
                ["ASPIRE_DASHBOARD_PERSISTENCE_MODE"] = "None",
            },
        };
        foreach (var (variable, value) in environment) start.Environment[variable] = value;
        return Process.Start(start)!;
    }

    /// <summary>Waits for a program to exit.</summary>
    /// <returns>Its exit code, standard output and standard error.</returns>
    public static async Task<(int ExitCode, string Output, string Error)> EndAsync(Process process, CancellationToken cancellationToken)
    {
        var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
        var error = process.StandardError.ReadToEndAsync(cancellationToken);
        try
        {
            await process.WaitForExitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }

        return (process.ExitCode, await output, await error);
    }

    /// <summary>Sends a signal, such as <c>TERM</c>, with the kill program that every Unix has.</summary>
    public static async Task SignalAsync(string signal, int pid)
    {
        using var kill = Process.Start("kill", [$"-{signal}", pid.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
    }

    /// <summary>The descendants of a process.</summary>
    public static List<int> Below(int pid)
    {
        var children = $"/proc/{pid}/task";
        return !Directory.Exists(children)
            ? []
            : [.. Directory.GetDirectories(children).SelectMany(Children).SelectMany(child => (IEnumerable<int>)[child, .. Below(child)])];

        static IEnumerable<int> Children(string task)
        {
            try
            {
                return File.ReadAllText(Path.Combine(task, "children")).Split(' ', StringSplitOptions.RemoveEmptyEntries)
                    .Select(int.Parse).ToList();
            }
            catch (IOException)
            {
                return [];
            }
        }
    }

    private static string FindDotnet()
    {
        // The runtime libraries are in shared/Microsoft.NETCore.App/VERSION beside the program.
        var beside = Path.GetFullPath(
            Path.Combine(
            RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet"));
        return File.Exists(beside) ? beside : "dotnet";
    }

    private static string FindRepository()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); ; folder = folder.Parent!)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Topology.sln"))) return folder.FullName;
        }
    }
}
