using System.Globalization;
using System.Runtime.InteropServices;
using Topology.Comparison.Pacing;
using Topology.Comparison.Statistics;
using Topology.Comparison.Workloads;

namespace Topology.Comparison;

/// <summary>Turns the measured blocks into a result.</summary>
internal static class ResultBuilder
{
    /// <summary>A run with a larger share of late starts is not valid.</summary>
    private const double LateLimit = 0.01;

    /// <summary>A run that achieves a smaller share of the offered rate is not valid.</summary>
    private const double AchievedLimit = 0.99;

    /// <summary>The median still holds with a share of late starts up to this: they all lie in the tail.</summary>
    private const double MedianLateLimit = 0.05;

    public static ComparisonResult Build(
        ComparisonOptions options, Workload workload, DateTimeOffset startedAt, List<MeasuredPath> measured, IReadOnlyList<string> traces,
        StoreCheck? store, IEnumerable<string> knownFaults, IReadOnlyList<string>? knownRemarks = null)
    {
        var baseline = measured[0];
        var paths = measured.Where(path => !path.IsControl).Select(path => Result(path, options, workload.IsOwn)).ToList();
        var controls = Differences(baseline, measured.Single(path => path.IsControl), options.Seed);
        var differences =
            measured.Skip(1).Where(path => !path.IsControl).SelectMany(path => Differences(baseline, path, options.Seed)).ToList();

        var faults = knownFaults.Select(text => new Fault(null, text, false)).Concat(measured.SelectMany(path => Faults(path, options)))
            .ToList();
        var remarks = new List<string>(knownRemarks ?? []);
        // Our services must answer alike on all paths. What the user's own application answers is for the user to judge.
        if (workload.IsOwn) remarks.AddRange(Dissimilar(workload, measured, paths).Select(fault => fault.Text));
        else faults.AddRange(Dissimilar(workload, measured, paths));
        if (store is not null && store.Acknowledged != store.Stored)
        {
            faults.Add(new(null, $"{store.Acknowledged} orders were acknowledged, and {store.Stored} of them are in the store.", false));
        }

        return new()
        {
            Workload = workload.Name,
            Tls = options.Tls,
            Protocol = options.IsHttp2 ? "HTTP/2" : "HTTP/1.1",
            Arrival = options.ClosedLoop ? "closed-loop" : options.Arrival == Arrival.Poisson ? "poisson" : "constant",
            Connections = options.Concurrency,
            DurationSeconds = options.DurationSeconds,
            EmulatedDelayMs = options.DelayMs,
            Rounds = options.Rounds,
            Seed = options.Seed,
            StartedAt = startedAt,
            Machine = $"{RuntimeInformation.OSDescription}, {Environment.ProcessorCount} cores, {RuntimeInformation.FrameworkDescription}",
            Valid = faults.Count == 0,
            Notes = [.. faults.Select(fault => fault.Text), .. remarks, .. Remarks(paths, controls, differences)],
            Faults = faults,
            Baseline = baseline.Path,
            Paths = paths,
            Differences = differences,
            Control = controls.FirstOrDefault(),
            Controls = controls,
            Store = store,
            Traces = traces,
        };
    }

    /// <summary>In which respects paths do not do the same work.</summary>
    private static IEnumerable<Fault> Dissimilar(Workload workload, List<MeasuredPath> measured, List<PathResult> paths)
    {
        foreach (var path in measured.Where(path => path.Different > 0))
        {
            yield return new(
                path.Path, $"{Name(path)}: {path.Different} responses differ from the baseline's"
                    + (workload.IsOwn ? " first one." : ", so this path does not do the same work."), false);
        }

        if (paths.Select(path => path.Sameness.Protocol).OfType<string>().Distinct().ToList() is { Count: > 1 } protocols)
        {
            yield return new(null, $"The paths negotiated different protocols: {string.Join("; ", protocols)}.", false);
        }
    }

    private static string Name(MeasuredPath path) => path.IsControl ? $"{path.Path} (control)" : path.Path;

    /// <summary>Reasons why the numbers must not be used.</summary>
    private static IEnumerable<Fault> Faults(MeasuredPath path, ComparisonOptions options)
    {
        var name = Name(path);
        if (!path.IsActive || options.ClosedLoop || path.Planned == 0) yield break;
        if (Share(path.Late, path) is > LateLimit and var late)
        {
            yield return Because(
                $"{late:P1} of the requests started more than 1 ms late; the generator could not keep up. Lower the rate or stop other "
                + "programs on this machine.", late <= MedianLateLimit);
        }

        if (Share(path.Waited, path) is > LateLimit and var waited)
        {
            yield return Because(
                $"{waited:P1} of the requests started more than 1 ms late because all {options.Concurrency} connections were waiting. "
                + "Lower the rate or set more connections.", waited <= MedianLateLimit);
        }

        if (Good(path) / path.Seconds is var achieved
            && achieved < AchievedLimit * path.Planned / (path.Distributions.Count * options.BlockSeconds))
        {
            yield return Because(
                $"{achieved:0.#} good responses per second are less than 99 % of the offered rate. Lower the rate, or look at the errors.");
        }

        Fault Because(string text, bool tailOnly = false) => new(path.Path, $"{name}: {text}", tailOnly);
    }

    /// <summary>Remarks that can apply to any result, valid or not.</summary>
    private static IEnumerable<string> Remarks(
        List<PathResult> paths, IReadOnlyList<Difference> controls, IReadOnlyList<Difference> differences)
    {
        foreach (var path in paths)
        {
            if (path.LatencyMs is null) yield return $"{path.Path} was not measured: {path.Error}.";
            else if (path.Errors > 0) yield return $"{path.Path}: {path.Errors} requests failed, such as: {path.Error}.";
            if (path.Sameness.ConnectionsOpened > 0)
            {
                yield return $"{path.Path}: {path.Sameness.ConnectionsOpened} connections were opened during the measurement.";
            }
        }

        foreach (var control in controls.Where(control => !control.IncludesZero))
        {
            yield return $"The machine was too noisy to measure {Title(control.Percentile)}: {control.Path} differs from itself by "
                + $"{Signed(control.Ms)} ms "
                + $"[{Signed(control.Ci95[0])}, {Signed(control.Ci95[1])}].";
        }

        var measurable = differences.Concat(controls).Select(difference => difference.Percentile).ToHashSet();
        foreach (var (name, quantile) in Reliability.Percentiles.Where(percentile => !measurable.Contains(percentile.Name)))
        {
            var needed = Reliability.BeyondPercentile / (1 - quantile);
            yield return $"Too few requests for a difference at {Title(name)}: it needs {needed:0} on each path.";
        }
    }

    private static PathResult Result(MeasuredPath path, ComparisonOptions options, bool isOwn)
    {
        var histogram = BlockDistribution.NewHistogram();
        foreach (var block in path.Distributions) block.AddTo(histogram);
        var all = BlockDistribution.From(histogram);
        var good = Good(path);
        return new()
        {
            Path = path.Path,
            Url = isOwn ? path.Lanes.Address : null,
            OfferedRate = options.ClosedLoop || path.Distributions.Count == 0 ? null
                : path.Planned / (path.Distributions.Count * options.BlockSeconds),
            AchievedRate = path.Seconds > 0 ? good / path.Seconds : 0,
            Requests = good,
            Errors = path.Errors,
            Error = path.Error,
            LatencyMs = good == 0 ? null
                : new(all.Milliseconds(0.5), all.Milliseconds(0.9), all.Milliseconds(0.99), all.Milliseconds(0.999), all.Milliseconds(1)),
            CpuMicrosecondsPerRequest = good == 0 ? new Dictionary<string, double>()
                : path.Cpu.ToDictionary(entry => entry.Key, entry => entry.Value.TotalMicroseconds / good),
            MemoryMiB = path.Cost.MemoryMiB(),
            LateShare = Share(path.Late, path),
            WaitedShare = Share(path.Waited, path),
            Sameness = new(path.Lanes.Proof.Protocol, path.ConnectionsOpened, path.Different),
            Curve = good == 0 ? [] : [.. Quantiles(good).Select(quantile => new CurvePoint(quantile, all.Milliseconds(quantile)))],
            Blocks = path.Blocks,
        };
    }

    private static List<Difference> Differences(MeasuredPath baseline, MeasuredPath path, int seed)
    {
        // Only rounds that measured both paths can be paired.
        var rounds = Math.Min(baseline.Distributions.Count, path.Distributions.Count);
        var requests = Math.Min(Good(baseline), Good(path));
        var measurable = Reliability.Percentiles
            .Where(percentile => requests * (1 - percentile.Quantile) >= Reliability.BeyondPercentile - 1e-6).ToArray();
        if (rounds < 2 || measurable.Length == 0) return [];
        return [.. PairedBootstrap
            .Differences(
                [.. baseline.Distributions.Take(rounds)], [.. path.Distributions.Take(rounds)],
                [.. measurable.Select(percentile => percentile.Quantile)], seed)
            .Zip(measurable, (interval, percentile) =>
                new Difference(path.Path, percentile.Name, interval.Milliseconds, [interval.Low, interval.High]))];
    }

    /// <summary>Quantiles in equal steps on a logarithmic axis (0.9, 0.99, 0.999, …), as far as the number of requests allows.</summary>
    private static IEnumerable<double> Quantiles(long requests)
    {
        const int StepsPerNine = 10;
        var nines = Math.Log10(requests);
        for (var step = 0; step / (double)StepsPerNine < nines; step++)
        {
            yield return 1 - Math.Pow(10, -step / (double)StepsPerNine);
        }
    }

    private static long Good(MeasuredPath path) => path.Distributions.Sum(block => block.Total);

    private static double Share(long count, MeasuredPath path) => path.Planned == 0 ? 0 : (double)count / path.Planned;

    internal static string Title(string percentile) => percentile == "p999" ? "p99.9" : percentile;

    internal static string Signed(double ms) => ms.ToString("+0.000;−0.000;0.000", CultureInfo.InvariantCulture);
}
