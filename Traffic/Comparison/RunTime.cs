namespace Topology.Comparison;

/// <summary>How long a comparison takes, all paths together.</summary>
public static class RunTime
{
    /// <summary>Between blocks, the engine pauses and finds the paths' processes.</summary>
    private const double BetweenBlocks = 0.05;

    /// <summary>Each path, and the control, is loaded for a second at the rate of the measurement before it begins.</summary>
    private const double LastWarmUp = 1;

    /// <summary>The most that a comparison takes: the warm-up may end earlier.</summary>
    /// <param name="options">The options.</param>
    /// <param name="paths">How many paths are compared; the control comes in addition.</param>
    public static TimeSpan Total(ComparisonOptions options, int paths)
    {
        ArgumentNullException.ThrowIfNull(options);
        return TimeSpan.FromSeconds(
            (paths + 1) * (options.DurationSeconds + options.Rounds * BetweenBlocks + LastWarmUp) + paths * options.WarmUpSeconds);
    }

    /// <summary>The longest measurement of each path that ends within a total; at least the shortest that is allowed.</summary>
    public static double SecondsOnEachPath(TimeSpan total, int paths)
    {
        const double Step = 0.5;
        var seconds = ComparisonOptions.ShortestDuration;
        while (seconds + Step <= ComparisonOptions.LongestDuration
            && Total(new() { DurationSeconds = seconds + Step }, paths) <= total)
        {
            seconds += Step;
        }

        return seconds;
    }

    /// <summary>The time left of a running comparison; before the first block, the most.</summary>
    /// <param name="options">Its options, with all its paths.</param>
    /// <param name="progress">Its progress.</param>
    /// <param name="elapsed">The time since it started.</param>
    public static TimeSpan Left(ComparisonOptions options, ComparisonProgress progress, TimeSpan elapsed)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(progress);
        var left = progress.Done == 0 ? Total(options, options.Paths.Count) - elapsed
            : TimeSpan.FromSeconds((progress.Total - progress.Done) * (options.BlockSeconds + BetweenBlocks));
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }

    /// <summary><c>45 s</c>, or <c>4 min 30 s</c>.</summary>
    public static string Text(TimeSpan time)
    {
        var seconds = (int)Math.Ceiling(time.TotalSeconds);
        return seconds < 60 ? $"{seconds} s" : seconds % 60 == 0 ? $"{seconds / 60} min" : $"{seconds / 60} min {seconds % 60} s";
    }
}
