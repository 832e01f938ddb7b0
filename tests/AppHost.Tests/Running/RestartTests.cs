using System.Diagnostics;
using Microsoft.Extensions.Time.Testing;
using Topology.AppHost.Running;
using Topology.AppHost.Tests.Infrastructure;
using Topology.Tests.Infrastructure;

namespace Topology.AppHost.Tests.Running;

/// <summary>What ends by itself is started again; what a person stops is not.</summary>
public sealed class RestartTests
{
    [Fact]
    public async Task Every_service_that_is_killed_is_healthy_again_soon()
    {
        await using var topology = await TopologyProcess.StartAsync();
        foreach (var service in TopologyProcess.Services)
        {
            var pid = topology.Resource(service).GetProperty("pid").GetInt32();
            var watch = Stopwatch.StartNew();
            await Programs.SignalAsync("KILL", pid);
            await Eventually.TrueAsync(
                () => topology.Resource(service) is var now && now.GetProperty("health").GetString() == "healthy"
                    && now.GetProperty("pid").GetInt32() != pid, seconds: 60);
            TestContext.Current.TestOutputHelper?.WriteLine($"{service} was healthy again after {watch.Elapsed.TotalSeconds:0.0} s");
        }

        Assert.All(
            TopologyProcess.Services, service =>
            Assert.Contains(topology.Lines, line => line.StartsWith($"{service} ended with exit code", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task What_never_becomes_healthy_is_not_tried_for_ever()
    {
        // No service can read this, so none starts.
        await using var topology =
            TopologyProcess.LaunchWith([("Topology__ListenAddress", "nowhere")], "--Topology:Ports=dynamic", "--Topology:Dashboard=false");
        await topology.UntilAsync(
            () => topology.Output.Contains("catalog-1 ended with exit code", StringComparison.Ordinal)
                && topology.Output.Contains("It never became healthy in 6 starts and is not tried again", StringComparison.Ordinal),
            "a service is given up", TimeSpan.FromMinutes(3), TestContext.Current.CancellationToken);
        Assert.False(topology.State.GetProperty("healthy").GetBoolean());
    }

    [Fact]
    public void The_delay_doubles_up_to_5_seconds_and_starts_anew_after_10_seconds_of_health()
    {
        var time = new FakeTimeProvider();
        var backoff = new Backoff(time);
        Assert.Equal([0.5, 1, 2, 4, 5, 5], Enumerable.Range(0, 6).Select(_ => backoff.Next().TotalSeconds));
        Assert.Equal(6, backoff.FailedStarts);

        backoff.IsHealthy();
        time.Advance(TimeSpan.FromSeconds(9));
        Assert.Equal((5, 0), (backoff.Next().TotalSeconds, backoff.FailedStarts));

        backoff.IsHealthy();
        time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(0.5, backoff.Next().TotalSeconds);
    }
}
