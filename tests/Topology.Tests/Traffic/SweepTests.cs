using Topology.Comparison;
using Topology.Comparison.Sweeps;

namespace Topology.Tests.Traffic;

public sealed class SweepTests
{
    [Theory]
    [InlineData("100..800", "100 200 400 800")]
    [InlineData("100..1000", "100 200 400 800 1000")]
    [InlineData("0.5..0.6", "0.5 0.6")]
    public void Rates_double_and_end_with_the_highest(string range, string rates) =>
        Assert.Equal(rates, FormattableString.Invariant($"{string.Join(' ', RateSweep.Parse(range).Rates())}"));

    [Theory]
    [InlineData("100")]
    [InlineData("100..")]
    [InlineData("200..100")]
    [InlineData("100..100")]
    [InlineData("0..100")]
    [InlineData("1..20001")]
    [InlineData("-1..100")]
    public void What_is_not_a_range_of_rates_is_refused(string range) =>
        Assert.Contains("100..5000", Assert.Throws<FormatException>(() => RateSweep.Parse(range)).Message, StringComparison.Ordinal);

    [Fact]
    public async Task A_path_bends_at_the_first_rate_that_it_does_not_keep_up_with()
    {
        var measured = new List<string>();
        var result = await new RateSweep(100, 800).RunAsync(new() { Paths = ["steady", "slow", "tail", "unknown"] }, options =>
        {
            measured.Add($"{options.Rate}: {string.Join(' ', options.Paths)}");
            return Task.FromResult(Result(options));
        });
        Assert.Equal(
            ["100: steady slow tail unknown", "200: steady slow tail unknown", "400: steady tail unknown", "800: steady unknown"],
            measured);
        Assert.Equal(
            [("steady", null), ("slow", 200.0), ("tail", 400), ("unknown", null)], result.Bends.Select(bend => (bend.Path, bend.Rate)));
        Assert.Contains("all connections were busy", result.Bends[1].Reason, StringComparison.Ordinal);
        Assert.Equal("p99 is 4.000 ms, 4.0 times that at 100 requests per second", result.Bends[2].Reason);
        Assert.Equal((null, "the generator could not keep up at 1 of 4 rates"), (result.Bends[0].Reason, result.Bends[3].Reason));
        Assert.Empty(result.Notes);
        Assert.True(result.Valid);

        static ComparisonResult Result(ComparisonOptions options) => new()
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
            Valid = options.Rate <= 100,
            Notes = [],
            Baseline = options.Paths[0],
            Paths = [.. options.Paths.Select(path => ThresholdTests.Path(
                path, 0.1, rate: options.Rate,
                p99: path == "tail" ? options.Rate / 100 : path == "unknown" && options.Rate >= 800 ? 100 : 1,
                waited: path == "slow" && options.Rate >= 200 ? 0.2 : 0,
                late: path == "unknown" && options.Rate >= 800 ? 0.2 : 0))],
            Differences = [],
            Control = null,
            Controls = [],
            Traces = [],
        };
    }

    /// <summary>The server answers one request after another, 20 ms each, so it can serve at most 50 per second.</summary>
    [Fact]
    public async Task A_server_that_saturates_by_design_bends_where_it_must()
    {
        using var one = new SemaphoreSlim(1);
        await using var direct = await TestServer.EchoAsync();
        await using var edge = await TestServer.StartAsync(async context =>
        {
            await one.WaitAsync();
            await Task.Delay(20);
            one.Release();
            await TestServer.WriteAsync(context, context.Request.Path);
        });
        var engine = Comparing.Engine(Comparing.Targets(("catalog", "http", direct.Url), ("edge", "http", edge.Url)));
        engine.WarmUpSlices = 0;
        var result = await new RateSweep(10, 160).RunAsync(
            // With two connections, 16 requests within a tenth of a second must wait, however busy this machine is.
            new() { Paths = ["direct", "edge"], DurationSeconds = 1, Connections = 2 },
            options => engine.RunAsync(options, null, TestContext.Current.CancellationToken));
        var bend = Assert.Single(result.Bends, bend => bend.Path == "edge");
        Assert.InRange(bend.Rate ?? 0, 20, 160);
        Assert.DoesNotContain(result.Steps, step => step.Path == "edge" && step.Rate > bend.Rate);
    }
}
