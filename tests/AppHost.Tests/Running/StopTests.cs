using System.Diagnostics;
using Topology.AppHost.Tests.Infrastructure;
using Topology.Tests.Infrastructure;

namespace Topology.AppHost.Tests.Running;

/// <summary>However the AppHost ends, nothing that it started stays.</summary>
public sealed class StopTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("INT")]
    [InlineData("TERM")]
    [InlineData("KILL")]
    public async Task Nothing_is_left_after_a_signal(string signal)
    {
        await using var topology = await TopologyProcess.StartAsync("--Topology:Dashboard=true");
        var pids = topology.State.GetProperty("resources").EnumerateArray()
            .Where(resource => resource.GetProperty("pid").ValueKind == System.Text.Json.JsonValueKind.Number).Select(resource => resource.GetProperty("pid").GetInt32())
            .Concat(Below(topology.Pid))
            .ToList();
        Assert.True(pids.Count >= 8, $"Only {pids.Count} processes were found.");

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
        using var topology = Programs.Start("AppHost", ["--Topology:Ports=dynamic", "--Topology:Dashboard=false"], ("ASPIRE_CLI_PID", $"{owner.Id}"));
        _ = topology.StandardOutput.ReadToEndAsync(Cancelled);
        _ = topology.StandardError.ReadToEndAsync(Cancelled);
        await Eventually.TrueAsync(() => Below(topology.Id).Count > 2, seconds: 60);
        var pids = Below(topology.Id);
        owner.Kill();
        await Eventually.TrueAsync(() => topology.HasExited && !pids.Any(IsAlive), seconds: 60);
    }

    /// <summary>What a process has started, and what that has.</summary>
    private static List<int> Below(int pid)
    {
        var children = $"/proc/{pid}/task";
        return !Directory.Exists(children)
            ? []
            : [.. Directory.GetDirectories(children).SelectMany(Children).SelectMany(child => (IEnumerable<int>)[child, .. Below(child)])];

        static IEnumerable<int> Children(string task)
        {
            try
            {
                return File.ReadAllText(Path.Combine(task, "children")).Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(int.Parse).ToList();
            }
            catch (IOException)
            {
                return [];
            }
        }
    }

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
