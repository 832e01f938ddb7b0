using System.Globalization;
using Spectre.Console;
using Topology.Comparison;
using Topology.Comparison.Reports;

namespace Topology.CommandLine;

/// <summary>Writes progress and result to a terminal. If the output is not a terminal, writes plain lines.</summary>
internal static class ConsoleReport
{
    public static async Task<ComparisonResult> WithProgressAsync(
        ComparisonOptions options, Func<IProgress<ComparisonProgress>, Task<ComparisonResult>> run)
    {
        // Only the result goes to standard output.
        var errors = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        ComparisonResult? result = null;
        await errors.Progress().Columns(
            new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn()).StartAsync(
            async context =>
        {
            var bar = context.AddTask(Markup.Escape($"{options.Workload}"));
            result = await run(new Report(progress =>
            {
                bar.MaxValue = Math.Max(1, progress.Total);
                bar.Value = progress.Done;
                bar.Description = Markup.Escape(progress.Path is null ? progress.Phase : $"{progress.Phase}, {progress.Path}");
            }));
            bar.Value = bar.MaxValue;
        });
        return result!;
    }

    public static void Write(ComparisonResult result, Uri? dashboard)
    {
        var console = AnsiConsole.Console;
        if (Console.IsOutputRedirected) console.Profile.Width = Math.Max(160, console.Profile.Width);
        foreach (var line in VerdictText.Lines(result)) console.WriteLine(line);
        foreach (var remark in VerdictText.Remarks(result)) console.WriteLine(remark);
        console.WriteLine();
        console.WriteLine($"{result.Workload}: {HtmlReport.Load(result)}");

        var table = new Table().Border(TableBorder.Rounded).AddColumn("path");
        foreach (var title in (string[])
        [
            "achieved/s", "errors", "p50 ms", "p90 ms", "p99 ms", "p99.9 ms", "max ms", "Δ p50 ms [95 %]", "Δ p99 ms [95 %]",
            "CPU µs/request", "memory MiB"
        ])
        {
            table.AddColumn(new TableColumn(Markup.Escape(title)).RightAligned());
        }

        foreach (var path in result.Paths)
        {
            table.AddRow([.. Row(result, path).Select(cell => new Text(cell))]);
        }

        console.Write(table);
        if (result.Store is { } store)
        {
            console.WriteLine($"The store has {store.Stored} of {store.Acknowledged} acknowledged orders.");
        }
        foreach (var note in result.Notes) console.WriteLine($"- {note}");
        if (dashboard is not null)
        {
            foreach (var trace in result.Traces) console.WriteLine($"trace: {new Uri(dashboard, $"/traces/detail/{trace}")}");
        }
    }

    private static IEnumerable<string> Row(ComparisonResult result, PathResult path)
    {
        yield return path.Path;
        yield return path.AchievedRate.ToString("0", CultureInfo.InvariantCulture);
        yield return path.Errors.ToString(CultureInfo.InvariantCulture);
        foreach (var (_, ms) in ResultFiles.Percentiles(path).DefaultIfEmpty(("", double.NaN)))
        {
            yield return double.IsNaN(ms) ? "–" : ResultText.Ms(ms);
        }
        if (path.LatencyMs is null)
        {
            for (var i = 0; i < 4; i++) yield return "–";
        }

        yield return ResultText.Added(result, path, "p50");
        yield return ResultText.Added(result, path, "p99");
        yield return ResultText.Cpu(path);
        yield return string.Join(
            ", ", path.MemoryMiB.Select(entry => string.Create(CultureInfo.InvariantCulture, $"{entry.Key} {entry.Value:0}")));
    }

    private sealed class Report(Action<ComparisonProgress> report) : IProgress<ComparisonProgress>
    {
        void IProgress<ComparisonProgress>.Report(ComparisonProgress value) => report(value);
    }
}
