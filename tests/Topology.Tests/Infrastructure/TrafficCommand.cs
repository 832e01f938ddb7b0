using System.Diagnostics;
using System.Globalization;
using Topology.ManifestHost.Running;

namespace Topology.Tests.Infrastructure;

/// <summary>Traffic's command line as users start it: a process of its own.</summary>
public static class TrafficCommand
{
    /// <param name="certificates">The folder of the local authorities that it trusts; null for those of a topology that tests started.</param>
    /// <param name="arguments">The command and its options.</param>
    public static async Task<(int Status, string Output, string Error)> RunAsync(string? certificates, params IEnumerable<string> arguments)
    {
        var cancellation = TestContext.Current.CancellationToken;
        var start = new ProcessStartInfo(Executables.Dotnet, ["exec", Path.Combine(AppContext.BaseDirectory, "Topology.Traffic.dll"), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["XDG_DATA_HOME"] = ManifestHostProcess.DataHome, ["LANG"] = CultureInfo.InvariantCulture.Name },
        };
        if (certificates is not null) start.Environment["Topology__Certificates__Directory"] = certificates;
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync(cancellation);
        var error = process.StandardError.ReadToEndAsync(cancellation);
        await process.WaitForExitAsync(cancellation);
        return (process.ExitCode, await output, await error);
    }
}
