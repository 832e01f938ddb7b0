using System.Runtime.InteropServices;
using Topology.ManifestHost.Output;
using Topology.ManifestHost.Running;

namespace Topology.ManifestHost.Dashboard;

/// <summary>Finds the Aspire CLI, which carries the dashboard: on PATH, else its npm package, installed under this repository's artifacts.</summary>
/// <param name="folder">Where it is installed if need be.</param>
internal sealed class AspireCli(string folder, Guard guard, Terminal terminal)
{
    private const string Version = "13.5.4";
    private const string Package = "@microsoft/aspire-cli-linux-x64";

    /// <returns>The program's path; null if there is none, which has been explained to the user.</returns>
    public async Task<string?> FindAsync(CancellationToken cancellation)
    {
        Directory.CreateDirectory(folder);
        if (Executables.Find("aspire") is { } onPath)
        {
            if (await WorksAsync(onPath, cancellation))
                return onPath;
            terminal.Warn($"{onPath} has no dashboard of its own (that came with Aspire 13); looking for a newer one");
        }

        var installed = Path.Combine(folder, Version);
        var program = Path.Combine(installed, "node_modules", Package, "bin", "aspire");
        if (File.Exists(program))
            return program;

        if (!HasPackage)
            return Without("this system has no npm package of the Aspire CLI that is known to work");
        if (Executables.Find("npm") is not { } npm)
            return Without("npm, which would install it, is not on PATH either");

        using var turn = await FileTurn.TakeAsync(Path.Combine(folder, "install.lock"), () => terminal.Say("waiting for another installation of the Aspire CLI to end"), cancellation);
        return File.Exists(program) || await InstallAsync(npm, installed, cancellation) ? program : Without("npm could not install it; its errors are above");
    }

    /// <summary>The package is a native program for glibc.</summary>
    private static bool HasPackage =>
        OperatingSystem.IsLinux() && RuntimeInformation.OSArchitecture == Architecture.X64 && !RuntimeInformation.RuntimeIdentifier.Contains("musl", StringComparison.Ordinal);

    private string? Without(string reason)
    {
        terminal.Warn($"the topology runs without the Aspire dashboard: 'aspire' is not on PATH, and {reason}. Get it as https://aspire.dev says, or run with --no-dashboard.");
        return null;
    }

    private async Task<bool> InstallAsync(string npm, string target, CancellationToken cancellation)
    {
        terminal.Say($"installing {Package} {Version} (145 MB, once) into {target}");
        // Installed aside and moved into place, so that what is there is complete.
        var aside = Path.Combine(folder, $".installing-{Environment.ProcessId}");
        Directory.CreateDirectory(aside);
        try
        {
            string[] arguments = ["install", "--prefix", aside, "--no-save", "--no-audit", "--no-fund", "--loglevel", "error", $"{Package}@{Version}"];
            if (await RunAsync(npm, arguments, line => terminal.Log("npm", line), cancellation) != 0)
                return false;
            if (!await WorksAsync(Path.Combine(aside, "node_modules", Package, "bin", "aspire"), cancellation))
                return false;
            if (Directory.Exists(target))
                Directory.Delete(target, recursive: true);
            Directory.Move(aside, target);
            return true;
        }
        finally
        {
            if (Directory.Exists(aside))
                Directory.Delete(aside, recursive: true);
        }
    }

    private async Task<bool> WorksAsync(string program, CancellationToken cancellation) =>
        await RunAsync(program, ["dashboard", "run", "--help"], _ => { }, cancellation) == 0;

    private async Task<int> RunAsync(string program, IReadOnlyList<string> arguments, Action<string> onLine, CancellationToken cancellation)
    {
        var child = ChildProcess.Start(new ChildStart(program, arguments, folder, AspireDashboard.CliEnvironment()), guard, onLine);
        await using var _ = cancellation.Register(child.Kill);
        var code = await child.Exited;
        cancellation.ThrowIfCancellationRequested();
        return code;
    }
}
