using System.Diagnostics;

namespace Topology.Tests.Infrastructure;

/// <summary>The PostgreSQL server of this machine, as the lab's script finds and runs it.</summary>
internal static class InstalledPostgres
{
    public static string Script { get; } = Path.Combine(Programs.Repository, "AppHost", "Database", "run");

    /// <summary>Why no server can run here; null if one can.</summary>
    public static async Task<string?> WhyNotAsync()
    {
        if (OperatingSystem.IsWindows()) return "The script that runs PostgreSQL needs a Unix shell.";
        var (code, error) = await CheckAsync();
        return code == 0 ? null : error;
    }

    /// <summary>Skips the test if no server can run here.</summary>
    public static async Task RequireAsync()
    {
        var reason = await WhyNotAsync();
        Assert.SkipWhen(reason is not null, reason ?? "");
    }

    /// <summary>Asks the script whether a server can run, with this PATH if one is given.</summary>
    public static async Task<(int ExitCode, string Error)> CheckAsync(string? path = null)
    {
        var start = new ProcessStartInfo("/bin/sh", [Script, "check"]) { RedirectStandardOutput = true, RedirectStandardError = true };
        if (path is not null) start.Environment["PATH"] = path;
        using var check = Process.Start(start)!;
        var (code, _, error) = await Programs.EndAsync(check, TestContext.Current.CancellationToken);
        return (code, error.TrimEnd());
    }
}
