using Microsoft.Extensions.Logging.Abstractions;
using Topology.Comparison;
using Topology.Comparison.Pairs;
using Topology.Comparison.Workloads;
using Topology.Traffic.Pairs;

namespace Topology.Tests.Traffic;

/// <summary>Every workload over every protocol that it supports, against the real services and the real edge.</summary>
public sealed class WorkloadComparisonTests(RealServices services) : IClassFixture<RealServices>
{
    public static TheoryData<string, bool, int, string> Protocols()
    {
        var data = new TheoryData<string, bool, int, string>();
        foreach (var workload in WorkloadCatalog.All)
        {
            var prefix = workload.Kind == WorkloadKind.Socket ? "WebSocket over " : "";
            if (!workload.NeedsHttp2)
            {
                data.Add(workload.Name, false, 1, $"{prefix}HTTP/1.1, cleartext");
                data.Add(workload.Name, true, 1, $"{prefix}HTTP/1.1, TLS");
            }

            data.Add(workload.Name, true, 2, $"{prefix}HTTP/2, TLS");
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Protocols))]
    public async Task A_workload_gets_the_same_responses_on_both_paths_over_the_requested_protocol(
        string workload, bool tls, int version, string protocol)
    {
        var result = await Comparing.Engine(services.Targets()).RunAsync(new()
        {
            Workload = workload,
            Paths = ["direct", "edge"],
            Tls = tls,
            HttpVersion = version,
            Rate = 75,
            DurationSeconds = 0.4,
            Connections = 4,
        }, null, TestContext.Current.CancellationToken);
        Assert.All(result.Paths, path =>
        {
            Assert.Equal((30L, 0L, null), (path.Requests, path.Errors, path.Error));
            Assert.Equal((0, 0L), (path.Sameness.ConnectionsOpened, path.Sameness.DifferentAnswers));
            Assert.StartsWith(protocol, path.Sameness.Protocol, StringComparison.Ordinal);
        });
        if (workload == "orders")
        {
            Assert.NotNull(result.Store);
            Assert.Equal(result.Store.Acknowledged, result.Store.Stored);
            Assert.True(result.Store.Acknowledged >= 90); // 30 on each path, 30 in the control, and the warm-up's.
        }
    }

    [Fact]
    public async Task A_pair_of_every_workload_gets_the_same_response_on_all_paths()
    {
        using var sender =
            new PairSender(services.Targets(), Comparing.Trust, new(NullLogger<Topology.Comparison.Targets.StartedPaths>.Instance));
        foreach (var workload in WorkloadCatalog.All)
        {
            var pair = await sender.SendAsync(workload, TestContext.Current.CancellationToken);
            Assert.Equal(["direct", "edge"], pair.Legs.Select(leg => leg.Path).Order());
            Assert.Null(pair.Difference);
        }
    }

    [Fact]
    public void A_pair_whose_responses_differ_says_how()
    {
        PairLeg Leg(string path, int status, ulong digest, string? error = null) => new(path, TimeSpan.Zero, status, 3, digest, error);
        PairResult Pair(params PairLeg[] legs) => new("catalog", DateTimeOffset.UnixEpoch, null, legs);
        Assert.Null(Pair(Leg("direct", 200, 1), Leg("edge", 200, 1)).Difference);
        Assert.Contains("edge 502", Pair(Leg("direct", 200, 1), Leg("edge", 502, 1)).Difference, StringComparison.Ordinal);
        Assert.Contains("0000000000000002", Pair(Leg("direct", 200, 1), Leg("edge", 200, 2)).Difference, StringComparison.Ordinal);
        Assert.Equal("edge: refused", Pair(Leg("direct", 200, 1), Leg("edge", 0, 0, "refused")).Difference);
    }
}
