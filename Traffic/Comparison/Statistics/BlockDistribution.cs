using System.Diagnostics;
using HdrHistogram;

namespace Topology.Comparison.Statistics;

/// <summary>
/// The latencies of one block from an HDR histogram. The histogram counts every value without dropping or clamping any. Each value is
/// accurate to 0.1 %, but never finer than 100 ns. Unit: 100 ns.
/// </summary>
public sealed class BlockDistribution
{
    /// <summary>Units per millisecond.</summary>
    public const double UnitsPerMillisecond = 10_000;

    private const long Longest = 36_000_000_000; // An hour: longer than any request may take.
    private const int Digits = 3;

    private BlockDistribution(long[] values, long[] counts)
    {
        (Values, Counts) = (values, counts);
        Total = counts.Sum();
    }

    /// <summary>Distinct values, ascending.</summary>
    public long[] Values { get; }

    /// <summary>How often each value occurs.</summary>
    public long[] Counts { get; }

    /// <summary>The number of latencies.</summary>
    public long Total { get; }

    /// <summary>An empty histogram whose range covers every latency that a run can have.</summary>
    public static LongHistogram NewHistogram() => new(1, Longest, Digits);

    /// <summary>Counts latencies.</summary>
    /// <param name="latencies">In ticks of <see cref="Stopwatch"/>.</param>
    public static BlockDistribution FromTicks(IReadOnlyCollection<long> latencies)
    {
        var histogram = NewHistogram();
        foreach (var latency in latencies)
        {
            histogram.RecordValue(Math.Max(0, (long)(latency * (10_000_000.0 / Stopwatch.Frequency))));
        }

        return From(histogram);
    }

    /// <summary>Reads a histogram's values and counts.</summary>
    public static BlockDistribution From(HistogramBase histogram)
    {
        var values = new List<long>();
        var counts = new List<long>();
        foreach (var bucket in histogram.RecordedValues())
        {
            values.Add(histogram.MedianEquivalentValue(bucket.ValueIteratedTo));
            counts.Add(bucket.CountAddedInThisIterationStep);
        }

        return new([.. values], [.. counts]);
    }

    /// <summary>Adds all latencies to a histogram.</summary>
    public void AddTo(HistogramBase histogram)
    {
        for (var i = 0; i < Values.Length; i++) histogram.RecordValueWithCount(Values[i], Counts[i]);
    }

    /// <summary>The latency at a quantile in milliseconds; NaN without latencies.</summary>
    public double Milliseconds(double quantile)
    {
        if (Total == 0) return double.NaN;
        var rank = Math.Max(1, (long)Math.Ceiling(quantile * Total));
        for (var i = 0; ; i++)
        {
            rank -= Counts[i];
            if (rank <= 0) return Values[i] / UnitsPerMillisecond;
        }
    }
}
