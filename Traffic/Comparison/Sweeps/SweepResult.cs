using System.Globalization;

namespace Topology.Comparison.Sweeps;

/// <summary>The result of a sweep, as <c>--json</c> writes it.</summary>
/// <param name="Workload">The workload's name.</param>
/// <param name="FromRate">The lowest rate.</param>
/// <param name="ToRate">The highest rate.</param>
/// <param name="TailMultiple">A path bends where its p99 is more than this many times its p99 at the lowest rate.</param>
/// <param name="StartedAt">When it started.</param>
/// <param name="Machine">A description of the machine, for people.</param>
/// <param name="Valid">Whether the measurement at the lowest rate, to which the others are compared, is valid.</param>
/// <param name="Bends">Where each path bends.</param>
/// <param name="Steps">Each path at each rate at which it was measured.</param>
/// <param name="Notes">Remarks for the reader.</param>
public sealed record SweepResult(
    string Workload, double FromRate, double ToRate, double TailMultiple, DateTimeOffset StartedAt, string Machine, bool Valid,
    IReadOnlyList<SweepBend> Bends, IReadOnlyList<SweepStep> Steps, IReadOnlyList<string> Notes);

/// <summary>Where a path bends.</summary>
/// <param name="Path">The path.</param>
/// <param name="Rate">The first rate, in requests per second, that it does not keep up with; null if there is none.</param>
/// <param name="Reason">How that shows, or without a rate why it is not known; null if the path keeps up.</param>
public sealed record SweepBend(string Path, double? Rate, string? Reason);

/// <summary>A path at one rate.</summary>
/// <param name="Path">The path.</param>
/// <param name="Rate">Requests planned per second.</param>
/// <param name="AchievedRate">Successful responses per second.</param>
/// <param name="P50Ms">The median latency; null without a successful response.</param>
/// <param name="P99Ms">The 99th percentile; null without a successful response.</param>
/// <param name="Errors">Requests without a successful response.</param>
/// <param name="GeneratorLate">Whether the generator could not keep up, so that latency is not the path's.</param>
public sealed record SweepStep(
    string Path, double Rate, double AchievedRate, double? P50Ms, double? P99Ms, long Errors, bool GeneratorLate)
{
    internal const double TailMultiple = 3;

    /// <summary>The share of requests that may be late or fail.</summary>
    internal const double Tolerated = 0.01;

    /// <summary>Why the path does not keep up with the rate; null if it does, or if the generator does not.</summary>
    internal string? WhyBent(SweepStep lowest, PathResult path)
    {
        var sent = path.Requests + path.Errors;
        if (P99Ms is not { } p99) return path.Error ?? "no response was successful";
        if (path.Errors > Tolerated * sent) return Text($"{path.Errors} of {sent} requests failed, such as: {path.Error}");
        if (path.WaitedShare > Tolerated)
        {
            return Text($"{path.WaitedShare:P1} of the requests started late because all connections were busy");
        }
        if (GeneratorLate) return null;
        if (AchievedRate < (1 - Tolerated) * path.OfferedRate)
        {
            return Text($"{AchievedRate:0.#} good responses per second are less than 99 % of the rate");
        }
        return p99 > TailMultiple * lowest.P99Ms
            ? Text($"p99 is {p99:0.000} ms, {p99 / lowest.P99Ms:0.0} times that at {lowest.Rate:0.#} requests per second") : null;

        static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
    }
}
