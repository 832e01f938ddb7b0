using Microsoft.Extensions.Configuration;
using Topology.Claims.Lab;
using Topology.Comparison.Targets;

namespace Topology.Tests.Traffic;

/// <summary>Which resources of a state file count as paths.</summary>
public sealed class TopologyStateTests
{
    [Theory]
    [InlineData("running", true, true)]
    [InlineData("not-started", true, false)]
    [InlineData("failed-to-start", false, false)]
    [InlineData("exited", false, true)] // It is about to restart.
    [InlineData("exited", true, false)] // The topology is healthy, so this was stopped on purpose.
    public void A_path_is_a_resource_that_runs_or_is_about_to_restart(string state, bool healthy, bool expected)
    {
        var url = new Dictionary<string, Uri> { ["http"] = new("http://localhost:5220") };
        var topology = new TopologyState(null, [new("catalog-1", "running", 1, url), new("nginx", state, null, url)], Healthy: healthy);
        Assert.Equal(expected, new TargetMap(topology.Services()).Paths.Contains("nginx"));
    }

    [Fact]
    public async Task Claims_do_not_check_a_proxy_that_is_not_started()
    {
        var url = new Dictionary<string, Uri> { ["http"] = new("http://localhost:5200") };
        var topology = new TopologyState(
            null, [new("catalog-1", "running", 1, url), new("edge", "running", 2, url), new("nginx", "not-started", null, url)],
            Healthy: true);
        await using var lab =
            await ClaimLab.OpenAsync(() => topology, new ConfigurationBuilder().Build(), TestContext.Current.CancellationToken);
        Assert.Equal(["edge"], lab.Proxies.Select(proxy => proxy.Name));
    }

    [Fact]
    public void A_state_file_is_read_as_the_AppHost_writes_it()
    {
        var file = Path.GetTempFileName();
        File.WriteAllText(file, """
            {"dashboard":{"url":"http://localhost:1","loginUrl":"http://localhost:1/login?t=x","otlpGrpc":null},"resources":[{"name":"edge","state":"running",
            "health":"healthy","pid":7,"urls":{"http":"http://localhost:5200"}}],"healthy":true,"behindIngress":false,"configuration":"Release"}
            """);
        var state = RunningTopology.Read(file)!;
        File.Delete(file);
        Assert.Equal((true, false, "Release"), (state.Healthy, state.BehindIngress, state.Configuration));
        var edge = Assert.Single(state.Resources);
        Assert.Equal(("edge", "running", "healthy", 7), (edge.Name, edge.State, edge.Health, edge.Pid));
        Assert.Null(RunningTopology.Read(file));
    }
}
