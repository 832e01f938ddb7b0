using System.Security.Cryptography;
using Topology.Comparison;
using Topology.Comparison.Lanes;
using Topology.Comparison.Networks;
using Topology.Comparison.OwnTargets;
using Topology.Comparison.Targets;
using Topology.Comparison.Workloads;

namespace Topology.Tests.Traffic;

/// <summary>An emulated network. Lower bounds are certain; upper ones allow for a busy machine.</summary>
public sealed class DelayTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Every_path_gets_the_same_delay_below_TLS_and_keeps_its_name(bool http2)
    {
        using var certificate = TestCertificate.Create();
        await using var server =
            await TestServer.StartAsync(context => TestServer.WriteAsync(context, context.Request.Host.Value!), certificate);
        var workload = new OwnWorkload(new("GET", "/"), null);
        var engine = new ComparisonEngine(
            TargetMap.Of([("direct", server.Url), ("edge", server.Url)]), PublicTrust.Of([certificate]))
        {
            WarmUpSlice = TimeSpan.FromMilliseconds(20),
        };
        var result = await engine.RunAsync(new()
        {
            Request = workload,
            Workload = workload.Name,
            Paths = ["direct", "edge"],
            Tls = true,
            HttpVersion = http2 ? 2 : 1,
            Rate = 50,
            DurationSeconds = 1,
            DelayMs = 20,
        }, null, TestContext.Current.CancellationToken);
        Assert.Equal(20, result.EmulatedDelayMs);
        Assert.All(result.Paths, path =>
        {
            Assert.Equal((50L, 0L, 0L), (path.Requests, path.Errors, path.Sameness.DifferentAnswers));
            Assert.InRange(path.LatencyMs!.P50, 20, 100);
        });
        Assert.InRange(result.Differences.Single(entry => entry.Percentile == "p50").Ms, -15, 15);
    }

    [Fact]
    public async Task Long_bodies_pass_unchanged_in_both_directions()
    {
        var content = RandomNumberGenerator.GetBytes(5 << 20);
        await using var server = await TestServer.StartAsync(async context =>
        {
            using var received = new MemoryStream();
            await context.Request.Body.CopyToAsync(received);
            context.Response.ContentLength = received.Length;
            await context.Response.Body.WriteAsync(received.GetBuffer().AsMemory(0, (int)received.Length));
        });
        var workload = new OwnWorkload(new WorkloadRequest("PUT", "/", content, "application/octet-stream"), null);
        using var network = new EmulatedNetwork(TimeSpan.FromMilliseconds(4));
        using var lane = new Http1Lane(server.Url, workload, Comparing.Trust, new(), network.Find(server.Url));
        for (var i = 0; i < 2; i++)
        {
            Assert.Equal(200, lane.Exchange(0).Status);
            Assert.True(lane.Body.SequenceEqual(content));
        }
    }

    [Theory]
    [InlineData("5ms", 5.0)]
    [InlineData("0.25 ms", 0.25)]
    [InlineData("250us", 0.25)]
    [InlineData("1s", 1000.0)]
    [InlineData("5", null)]
    [InlineData("-5ms", null)]
    [InlineData("5m", null)]
    public void A_time_needs_a_unit(string text, double? milliseconds) => Assert.Equal(milliseconds, TimeText.ToMilliseconds(text));
}
