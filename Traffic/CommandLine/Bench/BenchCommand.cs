using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Spectre.Console;
using Topology.Comparison;
using Topology.Comparison.Reports;
using Topology.Comparison.Targets;

namespace Topology.CommandLine.Bench;

/// <summary>The command line: <c>bench</c>.</summary>
internal static class BenchCommand
{
    private const string OurEdge = "edge";
    private static readonly string[] Edges = ["edge", "edge-tls", "nginx", "haproxy", "apache"];

    private static readonly Option<string[]> EdgesOption = new("--edges")
    {
        Description =
        $"Some of {string.Join(",", Edges)}; the first is divided by the others. Default: edge, and each installed proxy.",
        HelpName = "EDGE[,EDGE]",
        AllowMultipleArgumentsPerToken = true
    };
    private static readonly Option<string[]> Connections = new("--connections")
    {
        Description = "Numbers of connections, each with one request at a time.",
        DefaultValueFactory = _ => ["1,32"],
        HelpName = "N[,N]",
        AllowMultipleArgumentsPerToken = true
    };
    private static readonly Option<int> Repeats =
        new("--repeats") { Description = "How many times to measure everything.", DefaultValueFactory = _ => 3 };
    private static readonly Option<double> Duration =
        new("--duration") { Description = "Seconds of measurement for each edge in each repeat.", DefaultValueFactory = _ => 4 };
    private static readonly Option<FileInfo> Json = new("--json") { Description = "Write the result as JSON." };

    public static Command Create()
    {
        var command = new Command(
            "bench", "Saturates our edge and the other proxies in turn, and compares their cost per request as ratios; exits with 3 if "
            + "the measurement is not valid.") { EdgesOption, Connections, Repeats, Duration, MeasuredTopology.NoBuild, Json };
        command.SetAction(BenchAsync);
        return command;
    }

    private static async Task<int> BenchAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        string[] edges = Commands.Split(parsed.GetValue(EdgesOption));
        if (edges.FirstOrDefault(edge => !Edges.Contains(edge)) is { } unknown)
        {
            return Commands.Refuse($"Unknown edge \"{unknown}\"; use some of {string.Join(", ", Edges)}.");
        }
        if (parsed.GetValue(Repeats) is < 1 or > 50) return Commands.Refuse($"--repeats is {parsed.GetValue(Repeats)}; give 1 to 50.");
        if (Commands.Unwritable(parsed.GetValue(Json)) is { } unwritable) return Commands.Refuse(unwritable);
        if (Commands.NothingToCompare(edges, "--edges edge,nginx") is { } single) return Commands.Refuse(single);
        var counts = new List<int>();
        foreach (var word in Commands.Split(parsed.GetValue(Connections)))
        {
            if (!int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out var count))
            {
                return Commands.Refuse($"--connections has \"{word}\"; give whole numbers, such as 1,32.");
            }
            counts.Add(count);
        }

        ComparisonOptions[] plan = [
            .. from repeat in Enumerable.Range(1, parsed.GetValue(Repeats))
               from connections in counts
               select new ComparisonOptions { ClosedLoop = true, Connections = connections, DurationSeconds = parsed.GetValue(Duration),
                   Paths = edges, Seed = repeat },
        ];
        if (plan.Select(options => options.Validate()).FirstOrDefault(problem => problem is not null) is { } wrong)
        {
            return Commands.Refuse(wrong);
        }

        return await Commands.RunAsync(async () =>
        {
            await using var topology =
                await MeasuredTopology.OpenAsync(parsed, edges.Length == 0 ? [OwnTopology.AllInstalled] : edges, cancellationToken);
            var state = topology.State;
            var targets = new TargetMap(state.Services());
            if (edges.Length == 0)
            {
                plan = [.. plan
                    .Select(options => options with { Paths = [OurEdge, .. targets.Paths.Where(OwnTopology.OtherProxies.Contains)] })];
            }
            if (plan[0].Validate(targets) is { } impossible) return Commands.Refuse(impossible);
            if (plan[0].Paths is [var alone])
            {
                return Commands.Refuse(
                    $"No proxy besides {alone} is installed, so there is nothing to compare; install nginx, or use --edges edge,edge-tls.");
            }

            var engine = new ComparisonEngine(targets, new PublicTrust(Commands.Configuration))
            {
                Processes = (path, workload) => state.On(path, workload),
                ServicesConfiguration = state.Configuration,
                WarmUpSlices = 40, // Its blocks are short, and a service that is not warm would be compared with nginx.
            };
            var repeats = new List<ComparisonResult>();
            foreach (var options in plan)
            {
                repeats.Add(
                    await ConsoleReport.WithProgressAsync(options, progress => engine.RunAsync(options, progress, cancellationToken)));
            }

            var result = BenchResult.From(repeats);
            Write(result, repeats);
            if (parsed.GetValue(Json) is { } json)
            {
                await File.WriteAllTextAsync(
                    json.FullName, JsonSerializer.Serialize(result, ComparisonJson.Options) + "\n", cancellationToken);
            }
            return result.Valid ? 0 : Commands.NotValid;
        }, cancellationToken);
    }

    private static void Write(BenchResult result, List<ComparisonResult> repeats)
    {
        var console = AnsiConsole.Console;
        if (Console.IsOutputRedirected) console.Profile.Width = Math.Max(160, console.Profile.Width);
        var rows = new Table().Border(TableBorder.Rounded).AddColumns(
            "edge", "connections", "requests/s", "CPU µs/request", "p50 ms", "p99 ms", "memory MiB", "errors");
        foreach (var row in result.Rows)
        {
            rows.AddRow(
                row.Edge, Text($"{row.Connections}"), Text($"{row.RequestsPerSecond:0}"), Text($"{row.CpuMicrosecondsPerRequest:0.0}"),
                Text($"{row.P50Ms:0.000}"), Text($"{row.P99Ms:0.000}"), Text($"{row.RssMiB:0}"), Text($"{row.Errors}"));
        }

        console.Write(rows);
        var ratios = new Table().Border(TableBorder.Rounded).AddColumns("ratio", "metric", "median", "min", "max");
        foreach (var ratio in result.Ratios)
        {
            ratios.AddRow(
                $"{ratio.Edge} / {ratio.Against}", ratio.Metric, Text($"{ratio.Median:0.00}"), Text($"{ratio.Min:0.00}"),
                Text($"{ratio.Max:0.00}"));
        }

        if (result.Ratios.Count > 0) console.Write(ratios);
        if (!result.Valid) console.WriteLine(ResultText.Invalid, new Style(Color.Red));
        foreach (var note in result.Notes) console.WriteLine($"- {note}");
        console.WriteLine(
            $"A catalog item over HTTP/1.1 in cleartext, as fast as responses return, medians of "
            + $"{repeats.Count / repeats.Select(repeat => repeat.Connections).Distinct().Count()} repeats. Client, edge and backend share "
            + $"this machine ({repeats[0].Machine}): compare ratios, not rates.");

        static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
    }
}
