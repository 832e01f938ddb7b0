using System.Diagnostics;
using Topology.ManifestHost.Running;

namespace Topology.ManifestHost.Publishing;

/// <summary>Has the AppHost publish its manifest, where its packages restore.</summary>
internal static class AspirePublisher
{
    /// <summary>Whether they do: the topology's script finds out and tells.</summary>
    public static bool IsAvailable => Environment.GetEnvironmentVariable("TOPOLOGY_ASPIRE") == "1";

    /// <param name="appHost">The folder of the AppHost.</param>
    /// <param name="shape"><c>cloud</c> or <c>lab</c>.</param>
    /// <param name="exposeBoth">Whether the backends are to be reached from outside, too.</param>
    /// <param name="file">Absolute: the AppHost would take another path as relative to its own folder.</param>
    /// <exception cref="RunFailedException">It failed; its errors have been shown.</exception>
    public static async Task PublishAsync(string appHost, string shape, bool exposeBoth, string file, CancellationToken cancellation)
    {
        string[] arguments =
        [
            "run", "--project", appHost, "--configuration", "Release", "--",
            "--publisher", "manifest", "--output-path", file, $"--Topology:Shape={shape}", .. exposeBoth ? (string[])["--Topology:Exposure=both"] : [],
        ];
        var start = new ProcessStartInfo(Executables.Dotnet, arguments) { UseShellExecute = false };
        start.Environment.Clear();
        foreach (var (name, value) in ChildEnvironment.ForTools())
            start.Environment[name] = value;
        // A published manifest needs neither the CLI's developer certificate nor its dashboard.
        start.Environment["ASPIRE_SUPPRESS_CLI_RUN_HOOK"] = "1";

        using var process = Process.Start(start)!;
        try
        {
            await process.WaitForExitAsync(cancellation);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
        if (process.ExitCode != 0 || !File.Exists(file))
            throw new RunFailedException($"The AppHost could not publish {file}; its errors are above.");
    }
}
