using System.Diagnostics;

namespace Topology.Comparison.Pacing;

/// <summary>Plans when the requests of a block start, independently of earlier responses.</summary>
public static class Schedule
{
    /// <summary>Offsets from the block's start in ticks of <see cref="Stopwatch"/>, ascending, all within the block.</summary>
    /// <param name="arrival">Even or random intervals.</param>
    /// <param name="rate">Requests per second.</param>
    /// <param name="seconds">The block's length.</param>
    /// <param name="random">Draws the intervals of Poisson arrivals.</param>
    public static long[] Plan(Arrival arrival, double rate, double seconds, Random random)
    {
        if (arrival == Arrival.Constant)
        {
            var count = Math.Max(1, (int)Math.Round(rate * seconds));
            return [.. Enumerable.Range(0, count).Select(i => (long)(i / rate * Stopwatch.Frequency))];
        }

        var offsets = new List<long>((int)(rate * seconds * 1.2) + 1);
        for (var at = Gap(); at < seconds; at += Gap())
        {
            offsets.Add((long)(at * Stopwatch.Frequency));
        }

        return [.. offsets];

#pragma warning disable CA5394 // Arrival times are no secret; a seed repeats them.
        double Gap() => -Math.Log(1 - random.NextDouble()) / rate;
#pragma warning restore CA5394
    }
}
