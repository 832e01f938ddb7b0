using System.Diagnostics;
using Topology.ManifestHost.Running;

namespace Topology.Tests.Infrastructure;

/// <summary>The project's programs as users start them: processes of their own, beside the tests.</summary>
internal static class Programs
{
    /// <summary>Starts a program; what it writes waits to be read.</summary>
    /// <param name="name">Its assembly's name.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="environment">Variables besides those of the tests.</param>
    public static Process Start(string name, IEnumerable<string> arguments, params IEnumerable<(string Name, string Value)> environment)
    {
        var start = new ProcessStartInfo(Executables.Dotnet, ["exec", Path.Combine(AppContext.BaseDirectory, $"{name}.dll"), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            // Orders, histories and certificates of tests are not the user's.
            Environment = { ["XDG_DATA_HOME"] = ManifestHostProcess.DataHome },
        };
        foreach (var (variable, value) in environment) start.Environment[variable] = value;
        return Process.Start(start)!;
    }

    /// <summary>Waits for a program that ends by itself.</summary>
    /// <returns>Its exit code, and what it wrote to standard output and to standard error.</returns>
    public static async Task<(int ExitCode, string Output, string Error)> EndAsync(Process process, CancellationToken cancellation)
    {
        var output = process.StandardOutput.ReadToEndAsync(cancellation);
        var error = process.StandardError.ReadToEndAsync(cancellation);
        try
        {
            await process.WaitForExitAsync(cancellation);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }

        return (process.ExitCode, await output, await error);
    }
}
