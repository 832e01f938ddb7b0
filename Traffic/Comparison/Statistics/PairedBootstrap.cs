namespace Topology.Comparison.Statistics;

/// <summary>A difference with its interval, in milliseconds.</summary>
/// <param name="Milliseconds">The path's percentile minus the baseline's.</param>
/// <param name="Low">The interval's lower end.</param>
/// <param name="High">The interval's upper end.</param>
public readonly record struct DifferenceInterval(double Milliseconds, double Low, double High)
{
    /// <summary>Whether the interval includes 0: no measurable difference.</summary>
    public bool IncludesZero => Low <= 0 && High >= 0;
}

/// <summary>
/// Confidence intervals of the difference between two paths' percentiles. The bootstrap resamples whole rounds and keeps
/// both paths' blocks of a round together: requests within a block are not independent, and noise in a round affects all
/// paths. Each draw pools the blocks' counts and reads percentiles from the pool; percentiles are never averaged.
/// A bootstrap's percentile interval is too narrow with few rounds, so it is widened as in Hesterberg
/// (2015, "What Teachers Should Know About the Bootstrap", section 3.2).
/// </summary>
public static class PairedBootstrap
{
    /// <summary>The number of draws.</summary>
    public const int Draws = 2000;

    private const double Confidence = 0.95;

    /// <summary>Computes one interval for each quantile.</summary>
    /// <param name="baseline">The baseline's blocks, one for each round.</param>
    /// <param name="path">The path's blocks of the same rounds.</param>
    /// <param name="quantiles">Ascending, within 0 to 1.</param>
    /// <param name="seed">The same seed gives the same intervals.</param>
    public static DifferenceInterval[] Differences(
        IReadOnlyList<BlockDistribution> baseline, IReadOnlyList<BlockDistribution> path, IReadOnlyList<double> quantiles, int seed)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(path.Count, baseline.Count);
        ArgumentOutOfRangeException.ThrowIfLessThan(baseline.Count, 2);
        var rounds = baseline.Count;
        var (pooledBaseline, pooledPath) = (new Pool(baseline), new Pool(path));

        var once = Enumerable.Repeat(1, rounds).ToArray();
        var observed = Subtract(pooledPath.Read(once, quantiles), pooledBaseline.Read(once, quantiles));
        var drawn = new double[quantiles.Count][];
        for (var q = 0; q < drawn.Length; q++) drawn[q] = new double[Draws];

        Parallel.For(0, Draws, draw =>
        {
#pragma warning disable CA5394 // Each draw has its own seed, so that the result does not depend on the threads.
            var random = new Random(unchecked(seed * Draws + draw));
            var weights = new int[rounds];
            for (var i = 0; i < rounds; i++) weights[random.Next(rounds)]++;
#pragma warning restore CA5394
            var difference = Subtract(pooledPath.Read(weights, quantiles), pooledBaseline.Read(weights, quantiles));
            for (var q = 0; q < difference.Length; q++) drawn[q][draw] = difference[q];
        });

        var tail = Tail(rounds);
        return [.. observed.Select((value, q) =>
        {
            Array.Sort(drawn[q]);
            var low = drawn[q][(int)Math.Floor(tail * (Draws - 1))];
            var high = drawn[q][(int)Math.Ceiling((1 - tail) * (Draws - 1))];
            return new DifferenceInterval(value, Math.Min(low, value), Math.Max(high, value));
        })];
    }

    /// <summary>The share of the draws to cut off at each end, from Student's distribution, widened for the plug-in variance.</summary>
    internal static double Tail(int rounds)
    {
        var freedom = rounds - 1;
        var widened = Math.Sqrt((double)rounds / freedom) * StudentQuantile((1 + Confidence) / 2, freedom);
        return 1 - NormalDistribution(widened);
    }

    /// <summary>
    /// The 0.975 quantile of Student's t, by expansion around the normal quantile. From 5 degrees of freedom, the error is below 0.01.
    /// </summary>
    private static double StudentQuantile(double probability, int freedom)
    {
        System.Diagnostics.Debug.Assert(probability == 0.975);
        const double z = 1.959963984540054;
        return z
            + (Math.Pow(z, 3) + z) / (4 * freedom)
            + (5 * Math.Pow(z, 5) + 16 * Math.Pow(z, 3) + 3 * z) / (96.0 * freedom * freedom)
            + (3 * Math.Pow(z, 7) + 19 * Math.Pow(z, 5) + 17 * Math.Pow(z, 3) - 15 * z) / (384.0 * freedom * freedom * freedom);
    }

    /// <summary>Abramowitz and Stegun 26.2.17; the error is below 7.5e-8.</summary>
    private static double NormalDistribution(double x)
    {
        var t = 1 / (1 + 0.2316419 * x);
        var density = Math.Exp(-x * x / 2) / Math.Sqrt(2 * Math.PI);
        return 1 - density * t * (0.319381530 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
    }

    private static double[] Subtract(double[] left, double[] right) => [.. left.Zip(right, (a, b) => a - b)];

    /// <summary>All blocks' values in one ascending list, each with its block, so that each draw is read in one pass.</summary>
    private sealed class Pool
    {
        private readonly (long Value, long Count, int Block)[] _entries;
        private readonly long[] _totals;

        public Pool(IReadOnlyList<BlockDistribution> blocks)
        {
            _totals = [.. blocks.Select(block => block.Total)];
            _entries =
                [.. blocks.SelectMany((block, index) => block.Values.Zip(block.Counts, (value, count) => (value, count, index))).OrderBy(
                entry => entry.value)];
        }

        /// <summary>The quantiles in milliseconds, with each block weighted.</summary>
        public double[] Read(int[] weights, IReadOnlyList<double> quantiles)
        {
            var total = 0L;
            for (var i = 0; i < weights.Length; i++) total += weights[i] * _totals[i];
            var read = new double[quantiles.Count];
            Array.Fill(read, double.NaN);
            var (seen, next) = (0L, 0);
            foreach (var (value, count, block) in _entries)
            {
                seen += weights[block] * count;
                while (next < read.Length && seen > 0 && seen >= Math.Ceiling(quantiles[next] * total))
                {
                    read[next++] = value / BlockDistribution.UnitsPerMillisecond;
                }
                if (next == read.Length) break;
            }

            return read;
        }
    }
}
