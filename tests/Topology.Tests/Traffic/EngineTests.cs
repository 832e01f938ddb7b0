using Microsoft.AspNetCore.Http;
using Topology.Comparison;
using Topology.Comparison.Cost;
using Topology.Comparison.Pacing;
using Topology.Tests.Infrastructure;

namespace Topology.Tests.Traffic;

public sealed class EngineTests
{
    private static readonly ComparisonOptions Short =
        new() { Paths = ["direct", "edge"], Rate = 100, DurationSeconds = 1, Connections = 8 };

    /// <summary>
    /// The lower bounds are certain, because a delay is never shorter than requested; the upper ones allow for a busy machine.
    /// </summary>
    [Fact]
    public async Task An_injected_delay_is_reported_as_the_difference()
    {
        await using var direct = await TestServer.EchoAsync();
        await using var edge = await TestServer.SlowAsync(TimeSpan.FromMilliseconds(30));
        var result = await Comparing.RunAsync(
            Comparing.Targets(("catalog", "http", direct.Url), ("edge", "http", edge.Url)), Short with { Rate = 50 });

        var (baseline, path) = (result.Paths[0], result.Paths[1]);
        Assert.Equal(("direct", "edge"), (baseline.Path, path.Path));
        Assert.Equal((50L, 0L, 50L, 0L), (baseline.Requests, baseline.Errors, path.Requests, path.Errors));
        Assert.InRange(path.LatencyMs!.P50, 29, 150);
        var difference = Assert.Single(result.Differences, entry => entry is { Path: "edge", Percentile: "p50" });
        Assert.InRange(difference.Ms, 15, 120);
        Assert.False(difference.IncludesZero);
        Assert.NotNull(result.Control);
        Assert.InRange(result.Control.Ms, -15, 15);
    }

    /// <summary>
    /// A stall of 300 ms at 200 requests per second covers 60 planned starts. Counted from the planned time, those of its
    /// first 200 ms (40) take at least 100 ms; counted from sending, only the four in flight would.
    /// </summary>
    [Fact]
    public async Task A_stall_counts_for_every_request_planned_during_it_not_only_for_those_in_flight()
    {
        var stalledAt = 0L;
        var requests = 0;
        await using var server = await TestServer.StartAsync(async context =>
        {
            // Well into the only block.
            if (Interlocked.Increment(ref requests) == 100) Volatile.Write(ref stalledAt, Environment.TickCount64);
            while (Volatile.Read(ref stalledAt) is > 0 and var at && Environment.TickCount64 - at < 300) await Task.Delay(1);
            await TestServer.WriteAsync(context, "/");
        });
        var workload = new Topology.Comparison.Workloads.CatalogWorkload();
        var options = new ComparisonOptions { Connections = 4, Rate = 200 };
        using var lanes = new Topology.Comparison.Lanes.PathLanes(
            "direct", [server.Url], workload, options.Concurrency, options.IsHttp2, Comparing.Trust);
        var digest = workload.Digest("/"u8);
        using var generator = new Generator(workload, [.. Enumerable.Repeat(digest, workload.Variants)], 4);
        var planned = Topology.Comparison.Pacing.Schedule.Plan(Arrival.Constant, 200, 2, new(1));
        var record = generator.Run(lanes.Lanes, new(planned, 2 * System.Diagnostics.Stopwatch.Frequency, 0), CancellationToken.None);

        Assert.Equal((400, 400, 0, 0), (record.Planned, record.Latencies.Count, record.Errors, record.Different));
        Assert.InRange(record.Latencies.Count(ticks => ticks >= 0.1 * System.Diagnostics.Stopwatch.Frequency), 39, 400);
        Assert.InRange(record.Waited, 39, 400);
    }

    [Fact]
    public async Task A_run_that_achieves_less_than_the_offered_rate_is_invalid_and_says_why()
    {
        await using var server = await TestServer.SlowAsync(TimeSpan.FromMilliseconds(10));
        var result = await Comparing.RunAsync(
            Comparing.Targets(("catalog", "http", server.Url)), Short with { Paths = ["direct"], Rate = 400, Connections = 1 });
        Assert.False(result.Valid);
        Assert.Contains(result.Notes, note => note.Contains("connections were waiting", StringComparison.Ordinal));
        Assert.Contains(result.Notes, note => note.Contains("less than 99 %", StringComparison.Ordinal));
        Assert.InRange(result.Paths[0].AchievedRate, 1, 110);
    }

    [Theory]
    [InlineData("Debug", "Release", "The services are built in Debug: use Release")]
    [InlineData("Release", "Debug", "The program that measures is built in Debug: use Release")]
    public async Task A_debug_build_makes_a_run_invalid(string services, string own, string told)
    {
        await using var server = await TestServer.EchoAsync();
        var targets = Comparing.Targets(("catalog", "http", server.Url));
        var result = await Comparing.Engine(targets, services, own).RunAsync(
            Short with { Paths = ["direct"] }, null, TestContext.Current.CancellationToken);
        Assert.False(result.Valid);
        Assert.StartsWith(told, result.Notes[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Late_starts_make_a_run_invalid()
    {
        await using var server = await TestServer.EchoAsync();
        var result = Build(server, late: 2);
        Assert.False(result.Valid);
        Assert.Contains(result.Notes, note => note.Contains("generator could not keep up", StringComparison.Ordinal));
        Assert.True(Build(server, late: 1).Valid);
    }

    [Fact]
    public async Task Responses_that_differ_from_the_baselines_make_a_run_invalid()
    {
        await using var direct = await TestServer.EchoAsync();
        await using var edge = await TestServer.StartAsync(context => TestServer.WriteAsync(context, "other"));
        var result = await Comparing.RunAsync(Comparing.Targets(("catalog", "http", direct.Url), ("edge", "http", edge.Url)), Short);
        Assert.False(result.Valid);
        Assert.True(result.Paths[1].Sameness.DifferentAnswers >= 100);
        Assert.Equal(0, result.Paths[0].Sameness.DifferentAnswers);
        Assert.Contains(
            result.Notes, note =>
            note.StartsWith("edge:", StringComparison.Ordinal) && note.Contains("differ from the baseline's", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_path_that_refuses_connections_is_reported_and_the_others_go_on()
    {
        await using var direct = await TestServer.EchoAsync();
        var nobody = new Uri($"http://127.0.0.1:{FreePorts.Take()}");
        var result = await Comparing.RunAsync(Comparing.Targets(("catalog", "http", direct.Url), ("edge", "http", nobody)), Short);
        Assert.Equal(100, result.Paths[0].Requests);
        Assert.Null(result.Paths[1].LatencyMs);
        Assert.Contains("refused", result.Paths[1].Error, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain(result.Differences, entry => entry.Path == "edge");
    }

    [Fact]
    public async Task Errors_of_a_path_are_counted_and_a_path_with_errors_only_is_left_out()
    {
        await using var direct = await TestServer.EchoAsync();
        var answered = 0;
        await using var edge = await TestServer.StartAsync(context =>
        {
            // Good until the checks are over.
            if (Interlocked.Increment(ref answered) <= 64) return TestServer.WriteAsync(context, context.Request.Path);
            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            return TestServer.WriteAsync(context, "busy");
        });
        var result = await Comparing.RunAsync(Comparing.Targets(("catalog", "http", direct.Url), ("edge", "http", edge.Url)), Short);
        Assert.Equal((0L, 30L), (result.Paths[1].Requests, result.Paths[1].Errors)); // Three blocks of ten.
        Assert.Contains("status 503", result.Paths[1].Error, StringComparison.Ordinal);
        Assert.Equal(100, result.Paths[0].Requests);
    }

    [Fact]
    public async Task Nothing_is_compared_without_the_baseline()
    {
        var nobody = new Uri($"http://127.0.0.1:{FreePorts.Take()}");
        var failure = await Assert.ThrowsAsync<ComparisonFailedException>(
            () => Comparing.RunAsync(Comparing.Targets(("catalog", "http", nobody)), Short with { Paths = ["direct"] }));
        Assert.Contains("direct does not respond", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_cancelled_comparison_ends_long_before_its_time()
    {
        await using var server = await TestServer.EchoAsync();
        using var cancellation = new CancellationTokenSource();
        var run = Comparing.Engine(Comparing.Targets(("catalog", "http", server.Url)))
            .RunAsync(Short with { Paths = ["direct"], DurationSeconds = 300 }, null, cancellation.Token);
        await Task.Delay(500, TestContext.Current.CancellationToken);
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => run.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_closed_loop_sends_as_fast_as_responses_return()
    {
        await using var server = await TestServer.SlowAsync(TimeSpan.FromMilliseconds(10));
        var result = await Comparing.RunAsync(
            Comparing.Targets(("catalog", "http", server.Url)), Short with { Paths = ["direct"], ClosedLoop = true, Connections = 4 });
        Assert.Null(result.Paths[0].OfferedRate);
        Assert.InRange(result.Paths[0].AchievedRate, 10, 401); // Four connections, each with at most 100 requests per second.
        Assert.Equal("closed-loop", result.Arrival);
    }

    [Fact]
    public async Task A_process_that_ends_within_a_block_does_not_reduce_CPU()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "There is no sleep to start.");
        using var ending = System.Diagnostics.Process.Start("sleep", ["60"]);
        await Eventually.TrueAsync(() => ending.TotalProcessorTime > TimeSpan.Zero || NativeClock.CpuTime(ending.Id) > 0);
        var cost = new ProcessCost([new("edge", ending.Id), new("catalog", Environment.ProcessId)]);
        cost.Refresh();
        var before = cost.Cpu();
        ending.Kill();
        await ending.WaitForExitAsync(TestContext.Current.CancellationToken);
        var used = ProcessCost.Used(before, cost.Cpu());
        Assert.True(before[new("edge", ending.Id)] > TimeSpan.Zero);
        Assert.All(used.Values, time => Assert.True(time >= TimeSpan.Zero));
        Assert.Equal(["catalog", "generator"], used.Keys.Order());
    }

    /// <summary>A result of two blocks of 100 requests, of which some started late.</summary>
    private static ComparisonResult Build(TestServer server, int late)
    {
        var workload = new Topology.Comparison.Workloads.CatalogWorkload();
        var options = new ComparisonOptions { Paths = ["direct"], Rate = 200, DurationSeconds = 5, Connections = 1 };
        List<MeasuredPath> paths = [.. ((bool[])[false, true]).Select(control => new MeasuredPath(
            "direct", control, new("direct", [server.Url], workload, options.Concurrency, options.IsHttp2, Comparing.Trust), new([])))];
        foreach (var path in paths)
        {
            for (var block = 0; block < 2; block++)
            {
                var record = new BlockRecord { Planned = 100, Late = late, Duration = System.Diagnostics.Stopwatch.Frequency / 2 };
                record.Latencies.AddRange(Enumerable.Repeat(1000L, 100));
                path.Add(record, new Dictionary<string, TimeSpan>(), block);
            }
        }

        return ResultBuilder.Build(options, workload, DateTimeOffset.UnixEpoch, paths, [], null, []);
    }
}
