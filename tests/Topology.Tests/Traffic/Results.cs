using Topology.Comparison;

namespace Topology.Tests.Traffic;

/// <summary>Results made up for tests.</summary>
internal static class Results
{
    /// <summary>
    /// Direct and the edge. Direct has a p50 of 0.1 ms, a p99 of 1 ms, and uses 0.1 ms of CPU per request; the edge path uses 0.23.
    /// </summary>
    /// <param name="p50">What the edge adds to the median, with its interval.</param>
    /// <param name="p99">What it adds to p99.</param>
    public static ComparisonResult Compared((double Ms, double Low, double High) p50, (double Ms, double Low, double High) p99) => new()
    {
        Workload = "catalog",
        Tls = false,
        Protocol = "HTTP/1.1",
        Arrival = "constant",
        Connections = 50,
        DurationSeconds = 10,
        Rounds = 20,
        Seed = 1,
        StartedAt = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero),
        Machine = "a machine",
        Valid = true,
        Notes = [],
        Baseline = "direct",
        Paths = [
            Path("direct", 0.1, new() { ["catalog"] = 100, ["generator"] = 300 }, new() { ["catalog"] = 90 }),
            Path("edge", 0.5, new() { ["catalog"] = 110, ["edge"] = 120, ["generator"] = 300 }, new() { ["catalog"] = 90, ["edge"] = 60 }),
        ],
        Differences = [Difference("edge", "p50", p50), Difference("edge", "p99", p99)],
        Control = Difference("direct", "p50", (0, -0.01, 0.01)),
        Controls = [Difference("direct", "p50", (0, -0.01, 0.01)), Difference("direct", "p99", (0, -0.1, 0.1))],
        Traces = [],
    };

    private static Difference Difference(string path, string percentile, (double Ms, double Low, double High) value) =>
        new(path, percentile, value.Ms, [value.Low, value.High]);

    private static PathResult Path(string path, double p50, Dictionary<string, double> cpu, Dictionary<string, double> memory) => new()
    {
        Path = path,
        OfferedRate = 500,
        AchievedRate = 500,
        Requests = 5000,
        Errors = 0,
        LatencyMs = new(p50, p50 * 2, p50 * 10, p50 * 20, p50 * 30),
        CpuMicrosecondsPerRequest = cpu,
        MemoryMiB = memory,
        LateShare = 0,
        WaitedShare = 0,
        Sameness = new("HTTP/1.1", 0, 0),
        Curve = [new(0, p50 / 2), new(0.9, p50 * 2), new(0.99, p50 * 10)],
        Blocks = [new(0, p50, p50 * 10), new(1, p50, p50 * 9)],
    };
}
