using Microsoft.AspNetCore.WebUtilities;
using Topology.Comparison;
using Topology.Traffic.Pages;

namespace Topology.Tests.Traffic;

/// <summary>How long a comparison takes, and what the page's query keeps of the form.</summary>
public sealed class CompareInputTests
{
    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(6)]
    public void A_preset_is_the_time_of_all_paths_together(int paths)
    {
        foreach (var minutes in (double[])[0.5, 5])
        {
            var total = TimeSpan.FromMinutes(minutes);
            var seconds = RunTime.SecondsOnEachPath(total, paths);
            // The shortest measurement of many paths may take longer; the form says how long.
            Assert.True(
                seconds == ComparisonOptions.ShortestDuration || RunTime.Total(new() { DurationSeconds = seconds }, paths) <= total);
            Assert.True(RunTime.Total(new() { DurationSeconds = seconds + 0.5 }, paths) > total);
        }
    }

    [Fact]
    public void The_time_left_counts_the_blocks_that_are_left()
    {
        var options = new ComparisonOptions { Paths = ["direct", "edge"], DurationSeconds = 10 };
        var total = RunTime.Total(options, 2);
        Assert.Equal(total - TimeSpan.FromSeconds(5), RunTime.Left(options, new("warming up", 0, 60), TimeSpan.FromSeconds(5)));
        Assert.Equal(TimeSpan.Zero, RunTime.Left(options, new("warming up", 0, 60), TimeSpan.FromHours(1)));
        Assert.Equal(16.5, RunTime.Left(options, new("round 10 of 20", 30, 60), TimeSpan.FromHours(1)).TotalSeconds, 6);
        Assert.Equal(TimeSpan.Zero, RunTime.Left(options, new("computing the result", 60, 60), TimeSpan.Zero));
    }

    [Theory]
    [InlineData(0, "0 s")]
    [InlineData(29.2, "30 s")]
    [InlineData(60, "1 min")]
    [InlineData(270, "4 min 30 s")]
    public void A_time_is_told_in_minutes_and_seconds(double seconds, string told) =>
        Assert.Equal(told, RunTime.Text(TimeSpan.FromSeconds(seconds)));

    [Fact]
    public void What_the_query_keeps_is_read_back()
    {
        var kept = new CompareInput { Workload = "orders", Rate = 250, Seconds = 12.5, Version = "2", Load = "poisson", Tls = true };
        kept.Paths.UnionWith(["direct", "nginx"]);
        var query = kept.ToQuery().Where(entry => entry.Value is not null)
            .Select(entry => KeyValuePair.Create(entry.Key, FormattableString.Invariant($"{entry.Value}")));
        var read = new CompareInput();
        Assert.True(read.Read(new(QueryHelpers.AddQueryString("http://localhost/", query!))));
        var (before, after) = (kept.ToOptions(["direct", "nginx"])!, read.ToOptions([.. read.Paths])!);
        Assert.Equal(before with { Paths = [] }, after with { Paths = [] });
        Assert.Equal(before.Paths, after.Paths);
        Assert.True(read.IsAdvanced);
    }

    [Fact]
    public void What_the_form_does_not_offer_is_ignored()
    {
        var input = new CompareInput();
        Assert.False(input.Read(new("http://localhost/?workload=none&rate=many&time=forever&load=all&protocol=3&tls=maybe&comparison=3")));
        Assert.Equal(
            new ComparisonOptions { DurationSeconds = RunTime.SecondsOnEachPath(TimeSpan.FromSeconds(30), 0) } with { Paths = [] },
            input.ToOptions([])! with { Paths = [] });
        Assert.False(input.IsAdvanced);
        input.Rate = null;
        Assert.Null(input.ToOptions([]));
    }
}
