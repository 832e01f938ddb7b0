using System.CommandLine;
using Topology.Comparison;
using Topology.Comparison.Pacing;
using Topology.Comparison.Pairs;
using Topology.Comparison.Reports;
using Topology.Comparison.Targets;
using Topology.Comparison.Workloads;
using Topology.ServiceDefaults.Paths;

namespace Topology.CommandLine;

/// <summary>The command line: <c>compare</c>.</summary>
internal static class CompareCommand
{
    private static readonly ComparisonOptions Defaults = new();

    private static readonly Option<string> WorkloadOption =
        new("--workload") { Description = $"The requests to send: {WorkloadCatalog.Names}.", DefaultValueFactory = _ => Defaults.Workload };
    private static readonly Option<string[]> Paths = new("--paths")
    {
        Description = $"Some of {string.Join(",", TopologyPath.All)}; the first is the baseline. Default: all that run.",
        HelpName = "PATH[,PATH]",
        AllowMultipleArgumentsPerToken = true
    };
    private static readonly Option<double> Rate =
        new("--rate") { Description = "Requests per second.", DefaultValueFactory = _ => Defaults.Rate };
    private static readonly Option<double> Duration = new("--duration")
    {
        Description = "Seconds of measurement for each path; the control takes as long as one path.",
        DefaultValueFactory = _ => Defaults.DurationSeconds
    };
    private static readonly Option<bool> Tls = new("--tls") { Description = "Use the https listeners." };
    private static readonly Option<string> Protocol = new("--protocol")
    {
        Description = "http1 or http2 (with --tls). Default: the lowest that the workload supports.",
        HelpName = "http1|http2"
    };
    private static readonly Option<string> ArrivalOption = new("--arrival")
    {
        Description = "When requests start: constant (evenly spaced) or poisson (random).",
        DefaultValueFactory = _ =>
    "constant",
        HelpName = "constant|poisson"
    };
    private static readonly Option<bool> ClosedLoop =
        new("--closed-loop") { Description = "Send as fast as responses return, on all connections: finds saturation." };
    private static readonly Option<int?> Connections =
        new("--connections") { Description = "Connections to each path. Default: enough for the requests of a tenth of a second." };
    private static readonly Option<int> Seed =
        new("--seed") { Description = "The seed of the order of blocks and of the arrivals.", DefaultValueFactory = _ => Defaults.Seed };
    private static readonly Option<FileInfo> Json = new("--json") { Description = "Write the result as JSON." };
    private static readonly Option<FileInfo> Csv = new("--csv") { Description = "Write a CSV line for each path and percentile." };
    private static readonly Option<FileInfo> Report = new("--report") { Description = "Write one HTML file with a table and charts." };

    public static Command Create()
    {
        var command = new Command(
            "compare",
            "Measures the same requests direct and through each proxy, and reports the differences with their intervals; exits with 3 "
            + "if the measurement is not valid.")
        {
            WorkloadOption, Paths, Rate, Duration, Tls, Protocol, ArrivalOption, ClosedLoop, Connections, Seed,
            MeasuredTopology.Attach, MeasuredTopology.StateOption, MeasuredTopology.NoBuild, Json, Csv, Report,
        };
        command.SetAction(CompareAsync);
        return command;
    }

    private static async Task<int> CompareAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        var options = Read(parsed);
        if ((Unknown(parsed) ?? options.Validate()) is { } problem) return Commands.Refuse(problem);
        if (Commands.NothingToCompare(options.Paths, "--paths direct,edge") is { } single) return Commands.Refuse(single);
        if (Commands.Unwritable(parsed.GetValue(Json), parsed.GetValue(Csv), parsed.GetValue(Report)) is { } unwritable)
        {
            return Commands.Refuse(unwritable);
        }

        return await Commands.RunAsync(async () =>
        {
            await using var topology = await MeasuredTopology.OpenAsync(parsed, options.Paths, cancellationToken);
            var state = topology.State;
            var targets = new TargetMap(state.Services());
            if (options.Validate(targets) is { } impossible) return Commands.Refuse(impossible);

            var trust = new PublicTrust(Commands.Configuration);
            using var pairs =
                new PairSender(targets, trust, new(Microsoft.Extensions.Logging.Abstractions.NullLogger<StartedPaths>.Instance));
            var engine = new ComparisonEngine(targets, trust)
            {
                Processes = (path, workload) => state.On(path, workload),
                SendPair = state.Dashboard is null ? null : new SampledPair(pairs).SendAsync,
                ServicesConfiguration = state.Configuration,
            };
            var result = await ConsoleReport.WithProgressAsync(options, progress => engine.RunAsync(options, progress, cancellationToken));
            ConsoleReport.Write(result, state.Dashboard?.Url);
            if (parsed.GetValue(Json) is { } json) await File.WriteAllTextAsync(json.FullName, ResultFiles.Json(result), cancellationToken);
            if (parsed.GetValue(Csv) is { } csv) await File.WriteAllTextAsync(csv.FullName, ResultFiles.Csv(result), cancellationToken);
            if (parsed.GetValue(Report) is { } report)
            {
                await File.WriteAllTextAsync(report.FullName, HtmlReport.Render(result), cancellationToken);
            }
            return result.Valid ? 0 : Commands.NotValid;
        }, cancellationToken);
    }

    private static ComparisonOptions Read(ParseResult parsed) => Defaults with
    {
        Workload = parsed.GetValue(WorkloadOption)!,
        Paths = Commands.Split(parsed.GetValue(Paths)),
        Rate = parsed.GetValue(Rate),
        DurationSeconds = parsed.GetValue(Duration),
        Tls = parsed.GetValue(Tls),
        HttpVersion = parsed.GetValue(Protocol) switch { "http1" => 1, "http2" => 2, _ => null },
        Arrival = parsed.GetValue(ArrivalOption) == "poisson" ? Arrival.Poisson : Arrival.Constant,
        ClosedLoop = parsed.GetValue(ClosedLoop),
        Connections = parsed.GetValue(Connections),
        Seed = parsed.GetValue(Seed),
    };

    private static string? Unknown(ParseResult parsed) =>
        parsed.GetValue(Protocol) is not (null or "http1" or "http2")
            ? $"Unknown protocol \"{parsed.GetValue(Protocol)}\"; use http1 or http2."
        : parsed.GetValue(ArrivalOption) is not ("constant" or "poisson")
            ? $"Unknown arrival \"{parsed.GetValue(ArrivalOption)}\"; use constant or poisson."
        : null;
}
