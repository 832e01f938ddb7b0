using System.Diagnostics;
using System.Text.Json;
using Topology.AppHost.Tests.Infrastructure;
using Topology.Tests.Infrastructure;

namespace Topology.AppHost.Tests.Running;

/// <summary>However the AppHost ends, nothing that it started stays.</summary>
public sealed class StopTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("INT", true)]
    [InlineData("TERM", false)]
    [InlineData("KILL", false)]
    public async Task Nothing_is_left_after_a_signal(string signal, bool isStarted)
    {
        await using var topology = TopologyProcess.Launch("--Topology:Ports=dynamic", "--Topology:Dashboard=true");
        await (isStarted ? topology.UntilHealthyAsync() : UntilBackendsRunAsync(topology));
        var pids = Pids(topology);
        Assert.True(pids.Count >= (isStarted ? 8 : TopologyProcess.Backends.Count), $"Only {pids.Count} processes were found.");

        var watch = Stopwatch.StartNew();
        await Programs.SignalAsync(signal, topology.Pid);
        await Eventually.TrueAsync(() => !IsAlive(topology.Pid) && !pids.Any(IsAlive), seconds: 60);
        TestContext.Current.TestOutputHelper?.WriteLine($"{signal}: {pids.Count} processes gone after {watch.Elapsed.TotalSeconds:0.0} s");
        // A process that is killed cannot remove its file; whoever reads it finds no such process.
        if (signal != "KILL") Assert.False(File.Exists(topology.StateFile));
    }

    [Fact]
    public async Task A_topology_that_belongs_to_another_process_ends_with_it()
    {
        using var owner = Process.Start("sleep", ["1000"]);
        await using var topology =
            TopologyProcess.LaunchWith([("ASPIRE_CLI_PID", $"{owner.Id}")], "--Topology:Ports=dynamic", "--Topology:Dashboard=false");
        await UntilBackendsRunAsync(topology);
        var pids = Pids(topology);
        owner.Kill();
        await Eventually.TrueAsync(() => !IsAlive(topology.Pid) && !pids.Any(IsAlive), seconds: 60);
    }

    /// <summary>The start is half done then: the edges still wait.</summary>
    private static Task UntilBackendsRunAsync(TopologyProcess topology) => topology.UntilAsync(
        () => File.Exists(topology.StateFile)
            && TopologyProcess.Backends.All(backend => topology.Resource(backend).GetProperty("pid").ValueKind == JsonValueKind.Number),
        "every backend has a process", TimeSpan.FromMinutes(3), Cancelled);

    /// <summary>The processes of the services, and what the AppHost itself has started.</summary>
    private static List<int> Pids(TopologyProcess topology) =>
    [
        .. topology.State.GetProperty("resources").EnumerateArray().Select(resource => resource.GetProperty("pid"))
            .Where(pid => pid.ValueKind == JsonValueKind.Number).Select(pid => pid.GetInt32()),
        .. Programs.Below(topology.Pid),
    ];

    /// <summary>A zombie counts as gone: it only waits to be reaped.</summary>
    private static bool IsAlive(int pid)
    {
        try
        {
            return !File.ReadAllText($"/proc/{pid}/stat").Contains(") Z ", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false;
        }
    }
}
