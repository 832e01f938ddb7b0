using System.CommandLine;
using Topology.Comparison;
using Topology.Comparison.Pacing;
using Topology.Comparison.Workloads;
using Topology.ServiceDefaults.Paths;

namespace Topology.CommandLine.Compare;

/// <summary>The options that say what load is sent, and to which paths of the shop.</summary>
internal static class LoadOptions
{
    public static readonly ComparisonOptions Defaults = new();

    public static readonly Option<string> Workload =
        new("--workload") { Description = $"The requests to send: {WorkloadCatalog.Names}.", DefaultValueFactory = _ => Defaults.Workload };
    public static readonly Option<string[]> Paths = new("--paths")
    {
        Description = $"Some of {string.Join(",", TopologyPath.All)}; the first is the baseline. Default: all that run.",
        HelpName = "PATH[,PATH]",
        AllowMultipleArgumentsPerToken = true
    };
    public static readonly Option<double> Rate = new("--rate")
    {
        Description = $"Requests per second. With --target, the default is {OwnOptions.DefaultRate}.",
        DefaultValueFactory = _ => Defaults.Rate
    };
    public static readonly Option<bool> Tls = new("--tls") { Description = "Use the https listeners." };

    public static readonly Option<double> Duration = new("--duration")
    {
        Description = "Seconds of measurement for each path; the control takes as long as one path.",
        DefaultValueFactory = _ => Defaults.DurationSeconds
    };
    private static readonly Option<string> Protocol = new("--protocol")
    {
        Description = "http1 or http2 (with --tls). Default: the lowest that the workload supports.",
        HelpName = "http1|http2"
    };
    private static readonly Option<string> ArrivalOption = new("--arrival")
    {
        Description = "When requests start: constant (evenly spaced) or poisson (random).",
        DefaultValueFactory = _ => "constant",
        HelpName = "constant|poisson"
    };
    public static readonly Option<bool> ClosedLoop =
        new("--closed-loop") { Description = "Send as fast as responses return, on all connections: finds saturation." };
    private static readonly Option<int?> Connections =
        new("--connections") { Description = "Connections to each path. Default: enough for the requests of a tenth of a second." };
    private static readonly Option<string> Delay = new("--delay")
    {
        Description = "Emulate a network before every path: 5ms delays each request and response by half of it.",
        HelpName = "TIME"
    };
    private static readonly Option<int> Seed =
        new("--seed") { Description = "The seed of the order of blocks and of the arrivals.", DefaultValueFactory = _ => Defaults.Seed };

    public static IReadOnlyList<Option> All { get; } =
        [Workload, Paths, Rate, Duration, Tls, Protocol, ArrivalOption, ClosedLoop, Connections, Delay, Seed];

    /// <exception cref="FormatException">An option is bad; the message says what to change.</exception>
    public static ComparisonOptions Read(ParseResult parsed)
    {
        var paths = Commands.Split(parsed.GetValue(Paths));
        if (Commands.NothingToCompare(paths, "--paths direct,edge") is { } single) throw new FormatException(single);
        return Defaults with
        {
            Workload = parsed.GetValue(Workload)!,
            Paths = paths,
            Rate = parsed.GetValue(Rate),
            DurationSeconds = parsed.GetValue(Duration),
            Tls = parsed.GetValue(Tls),
            HttpVersion = parsed.GetValue(Protocol) switch
            {
                null => null,
                "http1" => 1,
                "http2" => 2,
                var unknown => throw new FormatException($"Unknown protocol \"{unknown}\"; use http1 or http2."),
            },
            Arrival = parsed.GetValue(ArrivalOption) switch
            {
                "constant" => Arrival.Constant,
                "poisson" => Arrival.Poisson,
                var unknown => throw new FormatException($"Unknown arrival \"{unknown}\"; use constant or poisson."),
            },
            ClosedLoop = parsed.GetValue(ClosedLoop),
            Connections = parsed.GetValue(Connections),
            DelayMs = parsed.GetValue(Delay) is not { } delay ? 0 : TimeText.ToMilliseconds(delay)
                ?? throw new FormatException($"--delay is \"{delay}\"; write a time with its unit, such as 5ms."),
            Seed = parsed.GetValue(Seed),
        };
    }
}
