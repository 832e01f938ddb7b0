using Topology.Comparison;
using Topology.Comparison.Reports;
using Topology.Comparison.Thresholds;

namespace Topology.Tests.Traffic;

public sealed class ThresholdTests
{
    private static readonly string[] Paths = ["direct", "edge", "edge-tls"];

    [Theory]
    [InlineData("edge.p50 > 0.5ms", false)] // It adds 0.4 ms.
    [InlineData("edge.p50>0.3 ms", true)]
    [InlineData(" edge.p50 > 399us ", true)]
    [InlineData("edge.p50 > 0.0005s", false)]
    [InlineData("edge.p50 > 4x", true)] // 0.5 ms are 5 times 0.1 ms.
    [InlineData("edge.p50 > 5x", false)]
    [InlineData("edge-tls.p99 > 1ms", null)] // There were too few requests for a difference of p99.
    [InlineData("edge.p99 > 2x", null)]
    [InlineData("errors > 2", true)] // One on each path.
    [InlineData("errors > 3", false)]
    [InlineData("edge.errors > 0", true)]
    [InlineData("direct.errors > 1", false)]
    public void A_limit_is_compared_with_what_the_path_adds_or_with_how_many_times_the_baseline_it_takes(string expression, bool? exceeded)
    {
        var outcome = Threshold.Parse(expression, Paths).Check(Result());
        Assert.Equal((expression.Trim(), exceeded), (outcome.Expression, outcome.Exceeded));
        Assert.Equal(exceeded is null, outcome.Value is null);
    }

    [Theory]
    [InlineData("")]
    [InlineData("edge.p50")]
    [InlineData("edge.p50 > 1")]
    [InlineData("edge.p50 > 1 minute")]
    [InlineData("edge.p50 < 1ms")]
    [InlineData("edge.p95 > 1ms")]
    [InlineData("edge.p50 > -1ms")]
    [InlineData("p50 > 1ms")]
    [InlineData("errors > 1ms")]
    [InlineData("edge.p50 > 1ms or errors > 0")]
    public void What_is_not_a_limit_is_refused_with_the_grammar(string expression) =>
        Assert.Contains(
            "write 'PATH.pNN > TIME'", Assert.Throws<FormatException>(() => Threshold.Parse(expression, Paths)).Message,
            StringComparison.Ordinal);

    [Theory]
    [InlineData("nginx.p50 > 1ms", "use direct, edge, edge-tls")]
    [InlineData("direct.p50 > 1ms", "names the baseline")]
    public void A_path_that_cannot_be_limited_is_refused(string expression, string said) =>
        Assert.Contains(
            said, Assert.Throws<FormatException>(() => Threshold.Parse(expression, Paths)).Message, StringComparison.Ordinal);

    [Fact]
    public void Without_a_valid_measurement_only_errors_are_decided()
    {
        var result = Result() with { Valid = false };
        Assert.Null(Threshold.Parse("edge.p50 > 0.1ms", Paths).Check(result).Exceeded);
        Assert.True(Threshold.Parse("errors > 0", Paths).Check(result).Exceeded);
    }

    [Fact]
    public void A_path_that_was_not_measured_has_unknown_errors()
    {
        var result = Result();
        result = result with { Paths = [.. result.Paths.Select(path => path with { LatencyMs = null, Errors = 0 })] };
        Assert.Null(Threshold.Parse("errors > 0", Paths).Check(result).Exceeded);
    }

    [Fact]
    public void The_report_says_what_became_of_each_limit()
    {
        var result = Result();
        string[] expressions = ["edge.p50 > 0.5ms", "errors > 0", "edge.p99 > 2x"];
        result = result with { Thresholds = [.. expressions.Select(expression => Threshold.Parse(expression, Paths).Check(result))] };
        Assert.Equal(
            [
                "Passed: --fail-if 'edge.p50 > 0.5ms'; it is 0.4ms.", "Failed: --fail-if 'errors > 0'; it is 3.",
                "Not decided: --fail-if 'edge.p99 > 2x'; the measurement does not tell.",
            ],
            ResultText.Thresholds(result));
        Assert.Contains("Failed: --fail-if", HtmlReport.Render(result), StringComparison.Ordinal);
        Assert.Contains("\"exceeded\": true", ResultFiles.Json(result), StringComparison.Ordinal);
    }

    private static ComparisonResult Result() => new()
    {
        Workload = "catalog",
        Tls = false,
        Protocol = "HTTP/1.1",
        Arrival = "constant",
        Connections = 8,
        DurationSeconds = 1,
        Rounds = 10,
        Seed = 1,
        StartedAt = DateTimeOffset.UnixEpoch,
        Machine = "a machine",
        Valid = true,
        Notes = [],
        Baseline = "direct",
        Paths = [Path("direct", 0.1), Path("edge", 0.5), Path("edge-tls", 0.6)],
        Differences = [new("edge", "p50", 0.4, [0.3, 0.5]), new("edge-tls", "p50", 0.5, [0.4, 0.6])],
        Control = null,
        Controls = [],
        Traces = [],
    };

    internal static PathResult Path(string name, double p50, double p99 = 1, double rate = 100, double waited = 0, double late = 0) => new()
    {
        Path = name,
        OfferedRate = rate,
        AchievedRate = rate,
        Requests = 100,
        Errors = 1,
        Error = "status 503",
        LatencyMs = new(p50, p50, p99, p99, p99),
        CpuMicrosecondsPerRequest = new Dictionary<string, double>(),
        MemoryMiB = new Dictionary<string, double>(),
        LateShare = late,
        WaitedShare = waited,
        Sameness = new("HTTP/1.1, cleartext", 0, 0),
        Curve = [],
        Blocks = [],
    };
}
