using System.Globalization;

namespace Topology.Tests.Infrastructure;

/// <summary>Runs Traffic's command line.</summary>
public static class TrafficCommand
{
    /// <param name="certificates">The folder of the trusted local authorities; null for those of a topology that tests started.</param>
    /// <param name="arguments">The command and its options.</param>
    public static async Task<(int Status, string Output, string Error)> RunAsync(string? certificates, params IEnumerable<string> arguments)
    {
        (string, string)[] trusted = certificates is null ? [] : [("Topology__Certificates__Directory", certificates)];
        using var process = Programs.Start("CommandLine", arguments, [("LANG", CultureInfo.InvariantCulture.Name), .. trusted]);
        return await Programs.EndAsync(process, TestContext.Current.CancellationToken);
    }
}
