using System.Globalization;
using System.Text.Json;
using Spectre.Console;
using Topology.Comparison;
using Topology.Comparison.Reports;
using Topology.Comparison.Sweeps;

namespace Topology.CommandLine.Compare;

/// <summary><c>compare --sweep</c>: where each path bends.</summary>
internal static class SweepCommand
{
    /// <summary>Seconds of measurement for each path at each rate.</summary>
    public const double DefaultDuration = 5;

    public static async Task<int> RunAsync(
        RateSweep sweep, ComparisonEngine engine, ComparisonOptions options, FileInfo? json, CancellationToken cancellationToken)
    {
        var result = await sweep.RunAsync(options, async step =>
        {
            var measured = await ConsoleReport.WithProgressAsync(step, progress => engine.RunAsync(step, progress, cancellationToken));
            engine.WarmUpSlices = 0; // The paths are warm from now on.
            return measured;
        });
        Write(result);
        if (json is not null)
        {
            await File.WriteAllTextAsync(
                json.FullName, JsonSerializer.Serialize(result, ComparisonJson.Options) + "\n", cancellationToken);
        }
        return result.Valid ? 0 : Commands.NotValid;
    }

    private static void Write(SweepResult result)
    {
        var console = AnsiConsole.Console;
        if (Console.IsOutputRedirected) console.Profile.Width = Math.Max(160, console.Profile.Width);
        console.WriteLine($"{result.Workload}: rates per second, {result.StartedAt:yyyy-MM-dd HH:mm} UTC, {result.Machine}.");
        var table = new Table().Border(TableBorder.Rounded).AddColumns(
            "rate", "path", "achieved/s", "errors", "p50 ms", "p99 ms", "generator");
        foreach (var step in result.Steps)
        {
            table.AddRow(
                Text($"{step.Rate:0.#}"), step.Path, Text($"{step.AchievedRate:0.#}"), Text($"{step.Errors}"), Ms(step.P50Ms),
                Ms(step.P99Ms), step.GeneratorLate ? "late" : "on time");
        }

        console.Write(table);
        foreach (var bend in result.Bends)
        {
            console.WriteLine(bend.Rate is { } rate
                ? Text($"{bend.Path} bends at {rate:0.#} requests per second: {bend.Reason}.")
                : bend.Reason is not null ? $"Whether {bend.Path} bends is not known: {bend.Reason}."
                : Text($"{bend.Path} does not bend up to {result.ToRate:0.#} requests per second."));
        }

        if (!result.Valid) console.WriteLine(ResultText.Invalid, new Style(Color.Red));
        foreach (var note in result.Notes) console.WriteLine($"- {note}");

        static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

        static string Ms(double? ms) => ms is { } known ? ResultText.Ms(known) : "–";
    }
}
