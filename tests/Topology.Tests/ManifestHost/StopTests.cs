using Topology.ManifestHost.Running;
using Topology.Tests.Infrastructure;

namespace Topology.Tests.ManifestHost;

/// <summary>However the host ends, nothing it has started outlives it.</summary>
public sealed class StopTests
{
    // It has a child of its own, and neither heeds SIGTERM.
    private const string Stubborn = "trap '' TERM; (trap '' TERM; sleep 1000) & while true; do sleep 1; done";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("INT")]
    [InlineData("TERM")]
    [InlineData("HUP")]
    [InlineData("KILL")]
    public async Task No_process_is_left_ten_seconds_after(string signal)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Finds processes by /proc.");
        using var trial = new TrialManifest().Script("stubborn", Stubborn).Server("server").Script("client", "exec sleep 1000", new { SERVER = "{server.bindings.http.url}" });
        await using var host = await TrialHost.StartAsync(trial);
        await host.UntilAsync(() => TrialHost.Processes(host).Count >= 5, "every script has started its children", TrialHost.Patience, Cancellation);

        await host.SignalAsync(signal, Cancellation);

        await LeavesNothingAsync(host);
        Assert.False(File.Exists(host.StateFile));
    }

    [Fact]
    public async Task No_process_is_left_when_the_guard_is_killed_before_the_host()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Finds processes by /proc.");
        using var trial = new TrialManifest().Script("stubborn", Stubborn);
        await using var host = await TrialHost.StartAsync(trial);
        var guard = Assert.Single(TrialHost.Guards(host));
        await Signals.SendAsync("KILL", guard);
        await host.UntilAsync(() => TrialHost.Guards(host).Any(pid => pid != guard), "there is another guard", TrialHost.Patience, Cancellation);
        await Task.Delay(500, Cancellation);

        await host.SignalAsync("KILL", Cancellation);

        await LeavesNothingAsync(host);
    }

    [Fact]
    public async Task A_signal_during_the_build_ends_the_build()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Finds processes by /proc.");
        using var trial = new TrialManifest();
        File.WriteAllText(Path.Combine(trial.Folder, "Slow.proj"), """
            <Project>
              <Target Name="Restore" />
              <Target Name="Build"><Exec Command="sleep 1234" /></Target>
            </Project>
            """);
        trial.Add("slow", new { type = "project.v0", path = "Slow.proj" });
        await using var host = ManifestHostProcess.Launch(["--manifest", trial.File, "--no-dashboard", "--dynamic-ports"]);
        await host.UntilAsync(() => TrialHost.Processes(host).Any(pid => ProcFs.CommandLine(pid) is ["sleep", "1234"]), "the build runs", TrialHost.Patience, Cancellation);

        Assert.Equal(0, await host.StopAsync(Cancellation));

        await LeavesNothingAsync(host);
    }

    private static async Task LeavesNothingAsync(ManifestHostProcess host)
    {
        var deadline = DateTime.UtcNow.AddSeconds(10);
        while (TrialHost.Processes(host).Concat(TrialHost.Guards(host)).Any() && DateTime.UtcNow < deadline)
            await Task.Delay(100, Cancellation);
        Assert.Empty(TrialHost.Processes(host).Concat(TrialHost.Guards(host)).Select(pid => string.Join(' ', ProcFs.CommandLine(pid))));
    }
}
