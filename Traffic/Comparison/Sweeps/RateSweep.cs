using System.Globalization;
using System.Text.RegularExpressions;

namespace Topology.Comparison.Sweeps;

/// <summary>Rates to measure one after another, to find where each path bends.</summary>
/// <param name="From">The lowest rate.</param>
/// <param name="To">The highest rate.</param>
public sealed partial record RateSweep(double From, double To)
{
    /// <summary>Reads <c>100..5000</c>.</summary>
    /// <exception cref="FormatException">The text is not a range of rates; the message says what to write.</exception>
    public static RateSweep Parse(string text)
    {
        var match = Form().Match(text);
        if (match.Success && Rate(1) is > 0 and var from && Rate(2) is <= ComparisonOptions.HighestRate and var to && from < to)
        {
            return new(from, to);
        }
        throw new FormatException(
            $"--sweep is \"{text}\"; write two rates, the lower one first, such as 100..5000, up to {ComparisonOptions.HighestRate:0}.");

        double Rate(int group) => double.Parse(match.Groups[group].ValueSpan, CultureInfo.InvariantCulture);
    }

    /// <summary>Each rate is twice the one before, and the last is the highest.</summary>
    public IEnumerable<double> Rates()
    {
        for (var rate = From; rate < To; rate *= 2) yield return rate;
        yield return To;
    }

    /// <summary>Measures every rate. A path that bends is not measured at higher rates.</summary>
    /// <param name="options">What is measured at each rate.</param>
    /// <param name="measure">Measures one rate.</param>
    public async Task<SweepResult> RunAsync(ComparisonOptions options, Func<ComparisonOptions, Task<ComparisonResult>> measure)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(measure);
        var (steps, bends) = (new List<SweepStep>(), new List<SweepBend>());
        ComparisonResult? first = null;
        foreach (var rate in Rates())
        {
            var result = await measure(options with { Rate = rate });
            first ??= result;
            foreach (var path in result.Paths)
            {
                steps.Add(new(
                    path.Path, rate, path.AchievedRate, path.LatencyMs?.P50, path.LatencyMs?.P99, path.Errors,
                    path.LateShare > SweepStep.Tolerated));
                var (step, lowest) = (steps[^1], steps.First(step => step.Path == path.Path));
                if (step.WhyBent(lowest, path) is { } why) bends.Add(new(path.Path, rate, why));
            }

            options = options with
            {
                Paths = [.. result.Paths.Select(path => path.Path).Where(path => bends.All(bend => bend.Path != path))],
            };
            if (options.Paths.Count == 0) break;
        }

        bends.AddRange(options.Paths.Select(path => new SweepBend(path, null, Unknown([.. steps.Where(step => step.Path == path)]))));
        IEnumerable<string> notes = first!.Valid ? []
            : first.Notes.Prepend("At the lowest rate the measurement was not valid, so the others cannot be compared with it.");
        return new(
            first.Workload, From, To, SweepStep.TailMultiple, first.StartedAt, first.Machine, first.Valid,
            [.. first.Paths.Select(path => bends.Single(bend => bend.Path == path.Path))], steps, [.. notes]);
    }

    private static string? Unknown(SweepStep[] steps) => steps.Count(step => step.GeneratorLate) is > 0 and var late
        ? $"the generator could not keep up at {late} of {steps.Length} rates" : null;

    [GeneratedRegex(@"^(\d{1,6}(?:\.\d{1,3})?)\.\.(\d{1,6}(?:\.\d{1,3})?)$")]
    private static partial Regex Form();
}
