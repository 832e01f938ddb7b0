using Topology.ManifestHost.Running;
using Topology.Tests.Infrastructure;

namespace Topology.Tests.ManifestHost;

/// <summary>ManifestHost running a trial manifest: no build, no dashboard, ports of its own.</summary>
internal static class TrialHost
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    public static Task<ManifestHostProcess> StartAsync(TrialManifest trial, params string[] arguments) => ManifestHostProcess.StartAsync(
        ["--manifest", trial.File, "--no-dashboard", "--dynamic-ports", .. arguments], Patience, TestContext.Current.CancellationToken);

    /// <summary>Everything the host has started, and what that has started.</summary>
    public static List<int> Processes(ManifestHostProcess host) =>
        [.. ProcFs.All().Keys.Where(pid => ProcFs.Environment(pid).Any(entry => entry.StartsWith($"TOPOLOGY_HOST={host.Pid}-", StringComparison.Ordinal)))];

    public static List<int> Guards(ManifestHostProcess host) =>
        [.. ProcFs.All().Keys.Where(pid => ProcFs.CommandLine(pid) is [.., "guard", var marker] && marker.StartsWith($"TOPOLOGY_HOST={host.Pid}-", StringComparison.Ordinal))];
}
