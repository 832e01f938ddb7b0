using System.CommandLine;
using Topology.Comparison;
using Topology.Comparison.Reports;
using Topology.Comparison.Sweeps;
using Topology.Comparison.Thresholds;
using Topology.ServiceDefaults.Paths;

namespace Topology.CommandLine.Compare;

/// <summary>The command line: <c>compare</c>.</summary>
internal static class CompareCommand
{
    private static readonly Option<string[]> FailIf = new("--fail-if")
    {
        Description = "Exit with 1 if the result exceeds a limit: 'edge.p50 > 0.5ms' (added to the baseline), 'edge.p99 > 2x' (times the "
            + "baseline), 'errors > 0'. Repeat it.",
        HelpName = "EXPRESSION"
    };
    private static readonly Option<string> Sweep = new("--sweep")
    {
        Description = "Measure rates from low to high, each twice the one before, and report where each path bends. --duration is for "
            + $"each rate; default: {SweepCommand.DefaultDuration}.",
        HelpName = "RATE..RATE"
    };
    private static readonly Option<FileInfo> Json = new("--json") { Description = "Write the result as JSON." };
    private static readonly Option<FileInfo> Csv = new("--csv") { Description = "Write a CSV line for each path and percentile." };
    private static readonly Option<FileInfo> Report = new("--report") { Description = "Write one HTML file with a table and charts." };
    private static readonly Option<FileInfo> Markdown = new("--markdown") { Description = "Write the table as Markdown." };

    public static Command Create()
    {
        var command = new Command(
            "compare",
            "Measures the same requests direct and through each proxy, or to several addresses of your own application, and reports the "
            + "differences with their intervals; exits with 1 if --fail-if says so, and with 3 if the measurement is not valid.");
        foreach (var option in (Option[])[
            .. LoadOptions.All, .. OwnOptions.All, FailIf, Sweep, MeasuredTopology.Attach, MeasuredTopology.StateOption,
            MeasuredTopology.NoBuild, Json, Csv, Report, Markdown])
        {
            command.Add(option);
        }

        command.SetAction(CompareAsync);
        return command;
    }

    private static async Task<int> CompareAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        ComparisonOptions options;
        OwnApplication? own = null;
        Threshold[] thresholds;
        RateSweep? sweep;
        try
        {
            options = LoadOptions.Read(parsed);
            sweep = ReadSweep(parsed);
            if (sweep is not null)
            {
                options = options with
                {
                    Rate = sweep.From,
                    DurationSeconds = parsed.IsGiven(LoadOptions.Duration) ? options.DurationSeconds : SweepCommand.DefaultDuration,
                };
            }
            if (OwnOptions.Read(parsed, options, sweep?.To) is { } read) (own, options) = read;
            var paths = options.Paths.Count > 0 ? options.Paths : TopologyPath.All;
            thresholds = [.. (parsed.GetValue(FailIf) ?? []).Select(expression => Threshold.Parse(expression, paths))];
        }
        catch (FormatException bad)
        {
            return Commands.Refuse(bad.Message);
        }

        if (options.Validate() is { } problem) return Commands.Refuse(problem);
        if (Commands.Unwritable(((Option<FileInfo>[])[Json, Csv, Report, Markdown]).Select(parsed.GetValue)) is { } unwritable)
        {
            return Commands.Refuse(unwritable);
        }

        return await Commands.RunAsync(async () =>
        {
            await using var subject = own is null
                ? await ComparedSubject.OpenAsync(parsed, options, cancellationToken)
                : await ComparedSubject.OpenAsync(own, options, cancellationToken);
            if (sweep is not null)
            {
                return await SweepCommand.RunAsync(sweep, subject.Engine, options, parsed.GetValue(Json), cancellationToken);
            }

            var result = await ConsoleReport.WithProgressAsync(
                options, progress => subject.Engine.RunAsync(options, progress, cancellationToken));
            result = result with { Thresholds = [.. thresholds.Select(threshold => threshold.Check(result))] };
            ConsoleReport.Write(result, subject.Dashboard);
            foreach (var (option, render) in ((Option<FileInfo>, Func<ComparisonResult, string>)[])[
                (Json, ResultFiles.Json), (Csv, ResultFiles.Csv), (Report, HtmlReport.Render), (Markdown, MarkdownReport.Render)])
            {
                if (parsed.GetValue(option) is { } file) await File.WriteAllTextAsync(file.FullName, render(result), cancellationToken);
            }

            return result.Thresholds.Any(outcome => outcome.Exceeded == true) ? Commands.Failed
                : !result.Valid || result.Thresholds.Any(outcome => outcome.Exceeded is null) ? Commands.NotValid
                : 0;
        }, cancellationToken);
    }

    private static RateSweep? ReadSweep(ParseResult parsed)
    {
        if (parsed.GetValue(Sweep) is not { } text) return null;
        Option[] others = [LoadOptions.Rate, LoadOptions.ClosedLoop, FailIf, Csv, Report, Markdown];
        return others.FirstOrDefault(parsed.IsGiven) is { } other
            ? throw new FormatException($"--sweep does not go with {other.Name}; leave out one of them.")
            : RateSweep.Parse(text);
    }
}
