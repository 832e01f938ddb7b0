using System.Diagnostics;
using Topology.Comparison;
using Topology.Comparison.Pacing;

namespace Topology.Tests.Traffic;

public sealed class ScheduleTests
{
    [Fact]
    public void Constant_arrivals_are_evenly_spaced_and_match_the_rate()
    {
        var planned = Schedule.Plan(Arrival.Constant, rate: 400, seconds: 0.5, new(1));
        Assert.Equal(200, planned.Length);
        Assert.All(
            planned.Zip(planned.Skip(1)), pair =>
            Assert.InRange(pair.Second - pair.First, Stopwatch.Frequency / 400 - 1, Stopwatch.Frequency / 400 + 1));
    }

    [Fact]
    public void Poisson_arrivals_match_the_rate_and_their_gaps_deviate_as_much_as_their_mean()
    {
        var planned = Schedule.Plan(Arrival.Poisson, rate: 1000, seconds: 20, new(7));
        Assert.InRange(planned.Length, 20_000 - 4 * 142, 20_000 + 4 * 142); // Four standard deviations of a Poisson count.
        Assert.Equal(planned.Order(), planned);
        Assert.InRange(planned[^1], 0, 20 * Stopwatch.Frequency - 1);
        var gaps = planned.Zip(planned.Skip(1), (a, b) => (double)(b - a) / Stopwatch.Frequency).ToList();
        var mean = gaps.Average();
        var deviation = Math.Sqrt(gaps.Average(gap => (gap - mean) * (gap - mean)));
        Assert.InRange(deviation / mean, 0.97, 1.03);
    }

    [Fact]
    public void The_same_seed_plans_the_same_arrivals() =>
        Assert.Equal(Schedule.Plan(Arrival.Poisson, 100, 2, new(3)), Schedule.Plan(Arrival.Poisson, 100, 2, new(3)));

    [Fact]
    public void A_wait_never_ends_early_and_ends_immediately_when_its_time_has_passed()
    {
        for (var microseconds = 0; microseconds < 3000; microseconds += 250)
        {
            var due = Stopwatch.GetTimestamp() + Pacer.Ticks(TimeSpan.FromMicroseconds(microseconds));
            Assert.True(Pacer.WaitUntil(due, CancellationToken.None));
            Assert.True(Stopwatch.GetTimestamp() >= due);
        }

        Assert.True(Pacer.WaitUntil(0, CancellationToken.None));
        Assert.False(Pacer.WaitUntil(long.MaxValue, new(canceled: true)));
    }

    [Theory]
    [InlineData(5, 10)]
    [InlineData(1, 10)]
    [InlineData(20, 40)]
    [InlineData(600, 60)]
    public void There_are_at_least_ten_rounds_and_blocks_stay_short(double seconds, int rounds) =>
        Assert.Equal(rounds, new ComparisonOptions { DurationSeconds = seconds }.Rounds);
}
