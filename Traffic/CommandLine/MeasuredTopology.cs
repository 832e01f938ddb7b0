using System.CommandLine;
using Topology.Comparison.Targets;
using Topology.Hardening.Tracing;

namespace Topology.CommandLine;

/// <summary>What a command measures: a topology of its own, or with <c>--attach</c> the one that runs.</summary>
internal sealed class MeasuredTopology : IAsyncDisposable
{
    public static readonly Option<bool> Attach =
        new("--attach") { Description = "Ask the topology that runs, instead of starting one for the measurement." };
    public static readonly Option<FileInfo> StateOption =
        new("--state")
        {
            Description =
        "With --attach: the file in which the running topology describes itself. Default: artifacts/topology.json."
        };
    public static readonly Option<bool> NoBuild = new("--no-build") { Description = "Start what was built before." };

    private readonly OwnTopology? _own;
    private readonly string _file;

    private MeasuredTopology(OwnTopology? own, string file, TopologyState state)
    {
        (_own, _file, State) = (own, file, state);
        TraceKey.Use(state.TraceKey);
    }

    /// <summary>The topology when it was opened.</summary>
    public TopologyState State { get; }

    /// <summary>Starts it, or finds the one that runs.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="paths">What a topology of its own has to start besides our edges.</param>
    /// <param name="cancellationToken">Gives up and stops what has started.</param>
    /// <exception cref="TopologyStartException">There is none, and the message says what to do.</exception>
    public static async Task<MeasuredTopology> OpenAsync(
        ParseResult parsed, IReadOnlyList<string> paths, CancellationToken cancellationToken)
    {
        if (parsed.GetValue(Attach))
        {
            return (parsed.GetValue(StateOption)?.FullName ?? DefaultFile()) is { } file && RunningTopology.Read(file) is { } running
                ? new(null, file, running)
                : throw new TopologyStartException(
                    "No topology is running that --attach could ask; start one (dotnet run --project AppHost) or leave out --attach.",
                    Commands.BadArguments);
        }

        var own = await OwnTopology.StartAsync(paths, !parsed.GetValue(NoBuild), cancellationToken);
        return new(own, own.StateFile, RunningTopology.Read(own.StateFile)!);
    }

    /// <summary>The topology as it is now.</summary>
    public TopologyState? Read() => RunningTopology.Read(_file);

    public ValueTask DisposeAsync() => _own?.DisposeAsync() ?? ValueTask.CompletedTask;

    /// <summary>The state file of the topology that <c>dotnet run --project AppHost</c> starts; null outside a clone.</summary>
    private static string? DefaultFile() =>
        Environment.GetEnvironmentVariable(RunningTopology.FileKey) is { Length: > 0 } file ? file
        : Clone.Root() is { } root ? Path.Combine(root, "artifacts", "topology.json")
        : null;
}
