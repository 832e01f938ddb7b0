using System.CommandLine;
using Topology.Comparison.Targets;
using Topology.Hardening.Tracing;

namespace Topology.CommandLine;

/// <summary>The topology that a command measures: its own, or with <c>--attach</c> the running one.</summary>
internal sealed class MeasuredTopology : IAsyncDisposable
{
    public static readonly Option<bool> Attach = new("--attach") { Description = "Measure the running topology instead of starting one." };
    public static readonly Option<FileInfo> StateOption = new("--state")
    {
        Description =
        "With --attach: the file in which the running topology describes itself. Default: artifacts/topology.json."
    };
    public static readonly Option<bool> NoBuild = new("--no-build") { Description = "Start the existing build." };

    private readonly OwnTopology? _own;
    private readonly string _file;

    private MeasuredTopology(OwnTopology? own, string file, TopologyState state)
    {
        (_own, _file, State) = (own, file, state);
        TraceKey.Use(state.TraceKey);
    }

    /// <summary>The topology's state when it was opened.</summary>
    public TopologyState State { get; }

    /// <summary>Starts a topology, or finds the running one.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="paths">The paths, besides our edges, that a newly started topology must include.</param>
    /// <param name="cancellationToken">Cancels the start and stops what has started.</param>
    /// <exception cref="TopologyStartException">There is no topology; the message says what to do.</exception>
    public static async Task<MeasuredTopology> OpenAsync(
        ParseResult parsed, IReadOnlyList<string> paths, CancellationToken cancellationToken)
    {
        if (parsed.GetValue(Attach))
        {
            return (parsed.GetValue(StateOption)?.FullName ?? DefaultFile()) is { } file && RunningTopology.Read(file) is { } running
                ? new(null, file, running)
                : throw new TopologyStartException(
                    "No topology is running for --attach; start one (dotnet run --project AppHost) or leave out --attach.",
                    Commands.BadArguments);
        }

        var own = await OwnTopology.StartAsync(paths, !parsed.GetValue(NoBuild), cancellationToken);
        return new(own, own.StateFile, RunningTopology.Read(own.StateFile)!);
    }

    /// <summary>The topology's current state.</summary>
    public TopologyState? Read() => RunningTopology.Read(_file);

    public ValueTask DisposeAsync() => _own?.DisposeAsync() ?? ValueTask.CompletedTask;

    /// <summary>The state file of the topology that <c>dotnet run --project AppHost</c> starts; null outside a clone.</summary>
    private static string? DefaultFile() =>
        Environment.GetEnvironmentVariable(RunningTopology.FileKey) is { Length: > 0 } file ? file
        : Clone.Root() is { } root ? Path.Combine(root, "artifacts", "topology.json")
        : null;
}
