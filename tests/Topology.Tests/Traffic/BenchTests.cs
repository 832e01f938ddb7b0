using System.Text.Json;
using Topology.CommandLine.Bench;
using Topology.Comparison;
using Topology.Tests.Infrastructure;

namespace Topology.Tests.Traffic;

public sealed class BenchTests
{
    [Fact]
    public void Ratios_are_computed_within_a_repeat_and_reported_with_their_spread()
    {
        // In the second repeat the machine was twice as slow for both edges, which the ratio does not show.
        var result =
            BenchResult.From([Repeat(8, (1000, 30), (500, 60)), Repeat(8, (500, 60), (250, 120)), Repeat(8, (1000, 30), (250, 60))]);
        Assert.Equal(new BenchRow("edge", 8, 1000, 30, 1, 2, 50, 0), result.Rows[0]);
        Assert.Equal(new BenchRow("nginx", 8, 250, 60, 1, 2, 50, 3), result.Rows[1]);
        Assert.Equal(new BenchRatio("edge", "nginx", "requestsPerSecond@8", 2, 2, 4), result.Ratios[0]);
        Assert.Equal(new BenchRatio("edge", "nginx", "cpuMicrosecondsPerRequest@8", 0.5, 0.5, 0.5), result.Ratios[1]);
    }

    [Fact]
    public void Each_number_of_connections_has_its_own_rows_and_ratios()
    {
        var result = BenchResult.From([Repeat(32, (1, 1), (1, 1)), Repeat(1, (1, 1), (1, 1))]);
        Assert.Equal([("edge", 1), ("nginx", 1), ("edge", 32), ("nginx", 32)], result.Rows.Select(row => (row.Edge, row.Connections)));
        Assert.Equal(8, result.Ratios.Count);
    }

    [Fact]
    public void An_edge_that_failed_has_no_figures_and_no_ratios_but_the_rest_is_written()
    {
        var failed = Repeat(8, (1000, 30), (500, 60));
        failed = failed with
        {
            Paths = [
                failed.Paths[0],
                failed.Paths[1]
                with { AchievedRate = 0, Requests = 0, LatencyMs = null, Error = "refused", CpuMicrosecondsPerRequest =
                new Dictionary<string, double>() }],
        };
        var result = BenchResult.From([failed]);
        using var json = JsonDocument.Parse(JsonSerializer.Serialize(result, ComparisonJson.Options));
        Assert.Equal(JsonValueKind.Null, json.RootElement.GetProperty("rows")[1].GetProperty("p50Ms").ValueKind);
        Assert.Equal(1000, json.RootElement.GetProperty("rows")[0].GetProperty("requestsPerSecond").GetDouble());
        Assert.Empty(result.Ratios);
        Assert.Equal(["nginx: refused"], result.Notes);

        // If it responded in another repeat, there is a ratio.
        Assert.Equal(
            new BenchRatio("edge", "nginx", "p99Ms@8", 1, 1, 1), BenchResult.From([failed, Repeat(8, (1000, 30), (500, 60))]).Ratios[^1]);
    }

    [Theory]
    [InlineData("--edges squid", "squid")]
    [InlineData("--edges edge,edge", "twice")]
    [InlineData("--edges edge", "nothing to compare")]
    [InlineData("--json /", "cannot be written")]
    [InlineData("--connections 0", "connections")]
    [InlineData("--connections 1,many", "many")]
    [InlineData("--connections 1,513", "513")]
    [InlineData("--repeats 0", "--repeats")]
    [InlineData("--duration 0", "duration")]
    [InlineData("--json no/such/folder/file.json", "folder")]
    [InlineData("--unknown", "--unknown")]
    public async Task Bad_arguments_end_with_status_2_and_one_line(string arguments, string named)
    {
        var (status, output, error) = await TrafficCommand.RunAsync(null, ["bench", .. arguments.Split(' ')]);
        Assert.Equal((2, ""), (status, output));
        Assert.Contains(named, Assert.Single(error.TrimEnd().Split('\n')), StringComparison.Ordinal);
    }

    private static ComparisonResult Repeat(int connections, (double Rate, double Cpu) edge, (double Rate, double Cpu) nginx) => new()
    {
        Workload = "catalog",
        Tls = false,
        Protocol = "HTTP/1.1",
        Arrival = "closed-loop",
        Connections = connections,
        DurationSeconds = 1,
        Rounds = 10,
        Seed = 1,
        StartedAt = DateTimeOffset.UnixEpoch,
        Machine = "a machine",
        Valid = true,
        Notes = [],
        Baseline = "edge",
        Paths = [Figures("edge", edge, 0), Figures("nginx", nginx, 1)],
        Differences = [],
        Control = null,
        Controls = [],
        Traces = [],
    };

    private static PathResult Figures(string name, (double Rate, double Cpu) figures, long errors) => new()
    {
        Path = name,
        OfferedRate = null,
        AchievedRate = figures.Rate,
        Requests = 1,
        Errors = errors,
        LatencyMs = new(1, 1, 2, 2, 2),
        CpuMicrosecondsPerRequest = new Dictionary<string, double> { [name] = figures.Cpu, ["catalog"] = 5 },
        MemoryMiB = new Dictionary<string, double> { [name] = 50 },
        LateShare = 0,
        WaitedShare = 0,
        Sameness = new("HTTP/1.1, cleartext", 0, 0),
        Curve = [],
        Blocks = [],
    };
}
