using System.Diagnostics.Metrics;
using Topology.Comparison.Pairs;
using Topology.Comparison.Targets;
using Topology.Comparison.Workloads;
using Topology.Tests.Infrastructure;
using Topology.Traffic.Pairs;

namespace Topology.Tests.Traffic;

/// <summary>The metrics that a pair records.</summary>
public sealed class PairTests
{
    private const string Prefix = "topology.overhead.";
    private static readonly TimeSpan Delay = TimeSpan.FromMilliseconds(30);

    [Fact]
    public async Task The_overhead_over_direct_is_recorded_for_each_path_that_responded()
    {
        await using var direct = await TestServer.EchoAsync();
        await using var edge = await TestServer.SlowAsync(Delay);
        var recorded = await SendAsync(("catalog", direct.Url), ("edge", edge.Url), ("nginx", Nobody()));
        var (path, seconds, workload) = Assert.Single(recorded);
        Assert.Equal(("edge", "catalog"), (path, workload));
        Assert.InRange(seconds, Delay.TotalSeconds / 2, 5);
    }

    [Fact]
    public async Task A_path_that_is_faster_than_direct_has_a_negative_overhead()
    {
        await using var direct = await TestServer.SlowAsync(Delay);
        await using var edge = await TestServer.EchoAsync();
        Assert.True(Assert.Single(await SendAsync(("catalog", direct.Url), ("edge", edge.Url))).Seconds < 0);
    }

    [Fact]
    public async Task Without_a_response_on_direct_nothing_is_recorded()
    {
        await using var edge = await TestServer.EchoAsync();
        Assert.Empty(await SendAsync(("catalog", Nobody()), ("edge", edge.Url)));
    }

    private static Uri Nobody() => new($"http://127.0.0.1:{FreePorts.Take()}");

    /// <summary>Sends a pair to open the connections, then one that is recorded.</summary>
    private static async Task<List<(string Path, double Seconds, object? Workload)>> SendAsync(params (string Name, Uri Url)[] services)
    {
        var targets = Comparing.Targets([.. services.Select(service => (service.Name, "http", service.Url))]);
        using var sender = new PairSender(targets, Comparing.Trust);
        var workload = new CatalogWorkload();
        await sender.SendAsync(workload, TestContext.Current.CancellationToken);

        var recorded = new List<(string, double, object?)>();
        // Other tests send pairs at the same time.
        var isMine = new AsyncLocal<bool> { Value = true };
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Name.StartsWith(Prefix, StringComparison.Ordinal)) listener.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<double>((instrument, seconds, tags, _) =>
        {
            if (isMine.Value)
            {
                recorded.Add(
                    (instrument.Name[Prefix.Length..], seconds,
                    Assert.Single(tags.ToArray(), tag => tag.Key == "topology.workload").Value));
            }
        });
        listener.Start();
        await sender.SendAsync(workload, TestContext.Current.CancellationToken);
        return recorded;
    }
}
