using System.Text.Json;
using Microsoft.Extensions.Configuration;
using Topology.Comparison;
using Topology.Traffic.History;

namespace Topology.Tests.Traffic;

public sealed class HistoryTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("topology-history-").FullName;

    public void Dispose()
    {
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public void A_kept_result_is_complete_after_a_restart()
    {
        var result = Result();
        var id = Open().Add(result);
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();

        var reopened = Open();
        var kept = Assert.Single(reopened.List());
        Assert.Equal((id, "catalog", "direct", true, result.StartedAt), (kept.Id, kept.Workload, kept.Paths, kept.Valid, kept.StartedAt));
        Assert.Equal(
            JsonSerializer.Serialize(result, ComparisonJson.Options), JsonSerializer.Serialize(reopened.Find(id), ComparisonJson.Options));
        Assert.Null(reopened.Find(id + 1));
    }

    [Fact]
    public void The_newest_come_first_and_the_oldest_are_deleted()
    {
        var history = Open();
        for (var i = 0; i < ComparisonHistory.Kept + 5; i++) history.Add(Result());
        var kept = history.List();
        Assert.Equal(ComparisonHistory.Kept, kept.Count);
        Assert.Equal(kept.Select(entry => entry.Id).OrderDescending(), kept.Select(entry => entry.Id));
        Assert.Null(history.Find(1));
    }

    [Fact]
    public void If_results_cannot_be_kept_the_error_names_the_setting()
    {
        var file = Path.Combine(_folder, "file");
        File.WriteAllText(file, "");
        var error = Assert.Throws<InvalidOperationException>(() => Open(Path.Combine(file, "comparisons.db")));
        Assert.Contains("Set Traffic:History to", error.Message, StringComparison.Ordinal);
    }

    private ComparisonHistory Open() => Open(Path.Combine(_folder, "deep", "comparisons.db"));

    private static ComparisonHistory Open(string file) => new(new ConfigurationBuilder()
        .AddInMemoryCollection([KeyValuePair.Create(ComparisonHistory.FileKey, (string?)file)]).Build());

    private static ComparisonResult Result() => new()
    {
        Workload = "catalog",
        Tls = true,
        Protocol = "HTTP/1.1",
        Arrival = "constant",
        Connections = 8,
        DurationSeconds = 1,
        Rounds = 10,
        Seed = 1,
        StartedAt = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero),
        Machine = "a machine",
        Valid = true,
        Notes = ["a note"],
        Baseline = "direct",
        Paths = [
            new()
            {
                Path = "direct", OfferedRate = 10, AchievedRate = 9.5, Requests = 95, Errors = 5, Error = "status 503", LatencyMs =
                    new(0.1, 0.2, 0.3, 0.4, 0.5),
                CpuMicrosecondsPerRequest = new Dictionary<string, double> { ["edge-tls"] = 12.5 }, MemoryMiB = new Dictionary<string,
                    double> { ["edge-tls"] = 80 },
                LateShare = 0.001, WaitedShare = 0, Sameness = new("HTTP/1.1, TLS 1.3", 0, 0), Curve = [new(0.9, 0.2)], Blocks =
                    [new(0.5, 0.1, 0.3)],
            },
        ],
        Differences = [new("edge", "p50", 0.2, [0.1, 0.3])],
        Control = new("direct", "p50", 0, [-0.1, 0.1]),
        Controls = [],
        Traces = ["0123456789abcdef0123456789abcdef"],
    };
}
