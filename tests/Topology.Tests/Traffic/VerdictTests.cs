using System.Text.Json;
using Topology.Comparison;
using Topology.Comparison.Reports;

namespace Topology.Tests.Traffic;

/// <summary>What a result is said to show.</summary>
public sealed class VerdictTests
{
    [Fact]
    public void A_solid_result_is_one_sentence_with_its_intervals_and_the_cost()
    {
        var verdict = Assert.Single(Verdict.Of(Results.Compared(p50: (0.42, 0.39, 0.45), p99: (1.2, 0.9, 1.5))));
        Assert.Equal(
            ("solid", null, "The edge adds 0.42 ms to the median (95 % interval 0.39 to 0.45), adds 1.20 ms to p99 (95 % interval 0.90 to "
                + "1.50) and costs 2.3 × the CPU of direct."),
            (verdict.BadgeText, verdict.Advice, verdict.Sentence));
    }

    // Half an interval may be half the difference, or a tenth of direct's own latency (p50 0.1 ms, p99 1 ms).
    [Theory]
    [InlineData(0.42, 0.39, 0.45, 1.2, 0.9, 1.5, "solid", null)]
    [InlineData(0.42, 0.39, 0.45, 1.0, 0.0, 2.0, "p50 only", 4)]
    [InlineData(0.42, 0.39, 0.45, 1.0, 0.4, 1.6, "p50 only", 2)]
    [InlineData(0.42, 0.39, 0.45, -0.5, -1.0, 0.0, "p50 only", 4)]
    [InlineData(0.001, -0.004, 0.006, 0.02, -0.05, 0.09, "solid", null)]
    [InlineData(0.1, -0.1, 0.3, 1.2, 0.9, 1.5, "run again", 16)]
    [InlineData(0.1, -0.1, 0.3, 0.1, -3.0, 3.0, "run again", 16)]
    public void The_badge_follows_from_the_intervals_and_the_advice_from_their_square(
        double p50, double low50, double high50, double p99, double low99, double high99, string badge, int? times)
    {
        var verdict = Assert.Single(Verdict.Of(Results.Compared((p50, low50, high50), (p99, low99, high99))));
        Assert.Equal(badge, verdict.BadgeText);
        if (times is null) Assert.Null(verdict.Advice);
        else Assert.EndsWith($"Measure about {times} × as long.", verdict.Advice);
    }

    [Fact]
    public void A_difference_within_what_the_control_finds_is_not_reliable()
    {
        var quiet = Results.Compared((0.42, 0.39, 0.45), (1.2, 0.9, 1.5));
        var noisy = quiet with { Controls = [new("direct", "p50", 0.4, [0.3, 0.5]), new("direct", "p99", 0.1, [0.05, 0.2])] };
        Assert.Equal("edge solid", Verdict.Summary(quiet));
        Assert.Equal("edge run again", Verdict.Summary(noisy));
        Assert.Contains("the control differs from itself", Verdict.Of(noisy)[0].Advice, StringComparison.Ordinal);
        Assert.True(noisy.Validity.Single(entry => entry.Percentile == "p99").Reliable);
    }

    [Fact]
    public void Late_starts_spoil_the_tail_and_leave_the_median()
    {
        var late = Results.Compared((0.42, 0.39, 0.45), (1.2, 0.9, 1.5)) with
        {
            Valid = false,
            Faults = [new("edge", "edge: 2 % started late.", TailOnly: true)],
        };
        Assert.Equal(["p50 only"], Verdict.Of(late).Select(verdict => verdict.BadgeText));
        Assert.Equal("p99: edge: 2 % started late.", Verdict.Of(late)[0].Advice);
        Assert.Equal("edge run again", Verdict.Summary(late with { Faults = [new(null, "Debug.", TailOnly: false)] }));
        Assert.Equal("edge solid", Verdict.Summary(late with { Faults = [new("nginx", "nginx: late.", TailOnly: false)] }));
    }

    [Fact]
    public void An_invalid_result_of_an_earlier_version_allows_no_verdict()
    {
        var old = Results.Compared((0.42, 0.39, 0.45), (1.2, 0.9, 1.5));
        old = old with { Valid = false, Notes = ["The services are built in Debug."] };
        Assert.Equal("p50: The services are built in Debug.", Assert.Single(Verdict.Of(old)).Advice);
    }

    [Fact]
    public void Too_few_requests_are_a_matter_of_duration()
    {
        var few = Results.Compared((0.42, 0.39, 0.45), (1.2, 0.9, 1.5));
        few = few with { Differences = [.. few.Differences.Where(difference => difference.Percentile == "p50")], };
        few = few with { Paths = [.. few.Paths.Select(path => path with { Requests = 250 })] };
        Assert.Equal(
            "p99: Too few requests: p99 needs 1000 on each path. Measure about 4 × as long.", Assert.Single(Verdict.Of(few)).Advice);
    }

    [Fact]
    public void Cores_follow_from_the_CPU_per_request_and_idle_work_is_named()
    {
        var result = Results.Compared((0.42, 0.39, 0.45), (1.2, 0.9, 1.5));
        var cpu = Verdict.Cpu(result, result.Paths[1])!;
        Assert.Equal(0.23, cpu.MsPerRequest, 6);
        Assert.Equal(0.23, cpu.Cores(1000), 6);
        Assert.Equal(2.3, cpu.TimesDirect!.Value, 6);
        Assert.Null(Verdict.Cpu(result, result.Paths[0])!.TimesDirect);
        Assert.Contains("0.12 of a core", Verdict.IdleWork(result), StringComparison.Ordinal);
        Assert.Null(Verdict.IdleWork(result with { Paths = [.. result.Paths.Select(path => path with { AchievedRate = 5000 })] }));
        Assert.Null(Verdict.IdleWork(result with { Arrival = "closed-loop" }));
    }

    [Fact]
    public void Throughput_is_told_only_for_a_run_that_saturates()
    {
        var result = Results.Compared((0.42, 0.39, 0.45), (1.2, 0.9, 1.5));
        result = result with { Paths = [result.Paths[0] with { AchievedRate = 1000 }, result.Paths[1] with { AchievedRate = 450 }] };
        Assert.Null(Verdict.Throughput(result, result.Paths[1]));
        Assert.Contains(VerdictText.NoThroughput, VerdictText.Remarks(result));
        var saturating = result with { Arrival = "closed-loop" };
        Assert.Equal(0.45, Verdict.Throughput(saturating, saturating.Paths[1]));
        Assert.StartsWith("The edge serves 45 % of direct's requests at saturation", Verdict.Of(saturating)[0].Sentence);
    }

    [Fact]
    public void Every_report_begins_with_the_verdict_and_the_page_for_people_ends_with_the_method()
    {
        var result = Results.Compared((0.42, 0.39, 0.45), (1.0, 0.0, 2.0));
        var sentence = Verdict.Of(result)[0].Sentence;
        Assert.StartsWith($"**p50 only**: {sentence}", MarkdownReport.Render(result, "/?comparison=1"), StringComparison.Ordinal);
        Assert.StartsWith($"[p50 only] {sentence}", VerdictText.Lines(result).First(), StringComparison.Ordinal);
        var html = HtmlReport.Render(result);
        Assert.Equal(html.IndexOf("<h2>Verdict</h2>", StringComparison.Ordinal), html.IndexOf("<h2>", StringComparison.Ordinal));
        Assert.Equal(html.IndexOf("<h2>Method</h2>", StringComparison.Ordinal), html.LastIndexOf("<h2>", StringComparison.Ordinal));
        Assert.DoesNotContain("<script", html, StringComparison.Ordinal);
        Assert.DoesNotContain("src=", html, StringComparison.Ordinal);
    }

    [Fact]
    public void The_files_say_which_percentiles_are_reliable_and_why_not()
    {
        var result = Results.Compared((0.42, 0.39, 0.45), (1.0, 0.0, 2.0));
        using var json = JsonDocument.Parse(ResultFiles.Json(result));
        Assert.True(json.RootElement.GetProperty("valid").GetBoolean());
        var validity = json.RootElement.GetProperty("validity").EnumerateArray()
            .ToDictionary(entry => entry.GetProperty("percentile").GetString()!);
        Assert.True(validity["p50"].GetProperty("reliable").GetBoolean());
        Assert.False(validity["p99"].GetProperty("reliable").GetBoolean());
        Assert.Equal("Its interval is too wide for a verdict.", validity["p99"].GetProperty("reason").GetString());
        Assert.Equal(4, validity["p99"].GetProperty("timesDuration").GetInt32());
        var lines = ResultFiles.Csv(result).Split('\n');
        Assert.Contains(",reliable,date", lines[0], StringComparison.Ordinal);
        Assert.Contains(
            lines, line => line.Contains(",edge,", StringComparison.Ordinal) && line.Contains(",False,2", StringComparison.Ordinal));
    }
}
