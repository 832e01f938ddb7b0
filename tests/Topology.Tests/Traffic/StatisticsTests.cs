using System.Diagnostics;
using Topology.Comparison;
using Topology.Comparison.Statistics;

namespace Topology.Tests.Traffic;

public sealed class StatisticsTests
{
    private static readonly double[] Median = [0.5];

    [Fact]
    public void A_distribution_counts_every_value_and_keeps_each_within_a_thousandth()
    {
        var random = new Random(5);
        var latencies = Enumerable.Range(0, 5000)
            .Select(_ => (long)(Stopwatch.Frequency * Math.Exp(random.NextDouble() * 12 - 10))).ToList(); // 45 µs to 7 s
        var distribution = BlockDistribution.FromTicks(latencies);
        Assert.Equal(5000, distribution.Total);
        latencies.Sort();
        foreach (var quantile in (double[])[0.001, 0.5, 0.9, 0.99, 0.999, 1])
        {
            var exact = latencies[(int)Math.Ceiling(quantile * 5000) - 1] * 1000.0 / Stopwatch.Frequency;
            Assert.InRange(distribution.Milliseconds(quantile), exact * 0.999 - 0.0001, exact * 1.001 + 0.0001);
        }
    }

    /// <summary>A 95 % interval contains the true difference about 95 times in 100; the test requires 90 %.</summary>
    [Theory]
    [InlineData(0.0)]
    [InlineData(0.2)]
    public void Nineteen_of_twenty_intervals_contain_the_true_difference(double difference)
    {
        const int Runs = 150;
        var random = new Random(11);
        var holding = Enumerable.Range(0, Runs).Count(run =>
        {
            // Noise of a round affects both paths; each block has its own noise as well.
            var (baseline, path) = (new List<BlockDistribution>(), new List<BlockDistribution>());
            for (var round = 0; round < 20; round++)
            {
                var common = 1 + 0.5 * random.NextDouble();
                baseline.Add(Block(random, common + 0.02 * Normal(random)));
                path.Add(Block(random, common + difference + 0.02 * Normal(random)));
            }

            var interval = PairedBootstrap.Differences(baseline, path, Median, run)[0];
            return interval.Low <= difference && difference <= interval.High;
        });
        Assert.InRange(holding, 0.90 * Runs, Runs);
    }

    [Fact]
    public void Noise_that_affects_both_paths_of_a_round_does_not_widen_the_interval()
    {
        var random = new Random(3);
        var (baseline, path) = (new List<BlockDistribution>(), new List<BlockDistribution>());
        for (var round = 0; round < 20; round++)
        {
            // The machine becomes up to twice as slow; the paths always differ by 0.1 ms.
            var common = 1.0 + round / 20.0;
            baseline.Add(Block(random, common));
            path.Add(Block(random, common + 0.1));
        }

        var interval = PairedBootstrap.Differences(baseline, path, Median, 1)[0];
        Assert.InRange(interval.Milliseconds, 0.05, 0.15);
        Assert.InRange(interval.High - interval.Low, 0, 0.2);
    }

    [Fact]
    public void Percentiles_are_read_from_pooled_blocks_and_never_averaged()
    {
        // One block of 99 fast requests and one of 1 slow request: the pooled p90 is fast, the mean of both blocks' p90 is not.
        var blocks = new[] { Ticks(Enumerable.Repeat(1.0, 99)), Ticks([1000.0]) };
        var zero = new[] { Ticks(Enumerable.Repeat(1.0, 99)), Ticks([1.0]) };
        Assert.InRange(PairedBootstrap.Differences(zero, blocks, [0.9], 1)[0].Milliseconds, -0.01, 0.01);
    }

    [Fact]
    public void The_same_seed_gives_the_same_interval()
    {
        var random = new Random(1);
        var (baseline, path) =
            (Enumerable.Range(0, 12).Select(_ => Block(random, 1)).ToList(),
            Enumerable.Range(0, 12).Select(_ => Block(random, 1)).ToList());
        Assert.Equal(PairedBootstrap.Differences(baseline, path, Median, 9), PairedBootstrap.Differences(baseline, path, Median, 9));
    }

    [Theory]
    [InlineData(10, 2.262)] // Student's t at 0.975 with 9 degrees of freedom, from tables.
    [InlineData(20, 2.093)]
    [InlineData(60, 2.001)]
    public void The_intervals_tails_match_Students_distribution(int rounds, double t)
    {
        // The normal distribution's tail beyond t·√(n/(n−1)), by integrating its density.
        var beyond = 0.0;
        for (var x = t * Math.Sqrt(rounds / (rounds - 1.0)); x < 9; x += 1e-5)
        {
            beyond += Math.Exp(-x * x / 2) / Math.Sqrt(2 * Math.PI) * 1e-5;
        }
        Assert.Equal(beyond, PairedBootstrap.Tail(rounds), 4);
    }

    /// <summary>50 latencies in milliseconds, all shifted by the level.</summary>
    private static BlockDistribution Block(Random random, double level) =>
        Ticks(Enumerable.Range(0, 50).Select(_ => level - 0.1 * Math.Log(1 - random.NextDouble())));

    private static BlockDistribution Ticks(IEnumerable<double> milliseconds) =>
        BlockDistribution.FromTicks([.. milliseconds.Select(value => (long)(value / 1000 * Stopwatch.Frequency))]);

    private static double Normal(Random random) =>
        Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}
