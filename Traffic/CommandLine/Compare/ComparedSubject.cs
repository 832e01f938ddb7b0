using System.CommandLine;
using Topology.Comparison;
using Topology.Comparison.OwnTargets;
using Topology.Comparison.Pairs;
using Topology.Comparison.Targets;

namespace Topology.CommandLine.Compare;

/// <summary>What is compared: the shop's topology, or the user's own application. Ready to be measured.</summary>
internal sealed class ComparedSubject : IAsyncDisposable
{
    private readonly MeasuredTopology? _topology;
    private readonly PairSender? _pairs;

    private ComparedSubject(ComparisonEngine engine, MeasuredTopology? topology = null, PairSender? pairs = null) =>
        (Engine, _topology, _pairs) = (engine, topology, pairs);

    public ComparisonEngine Engine { get; }

    /// <summary>Where traces are shown, or null.</summary>
    public Uri? Dashboard => _topology?.State.Dashboard?.Url;

    /// <summary>Starts or finds the shop's topology.</summary>
    /// <exception cref="TopologyStartException">There is no such topology, or it lacks a path.</exception>
    public static async Task<ComparedSubject> OpenAsync(ParseResult parsed, ComparisonOptions options, CancellationToken cancellationToken)
    {
        var topology = await MeasuredTopology.OpenAsync(parsed, options.Paths, cancellationToken);
        try
        {
            var state = topology.State;
            var targets = new TargetMap(state.Services());
            if (options.Validate(targets) is { } impossible) throw new TopologyStartException(impossible, Commands.BadArguments);

            var trust = new PublicTrust(Commands.Configuration);
            var pairs = new PairSender(targets, trust, new(Microsoft.Extensions.Logging.Abstractions.NullLogger<StartedPaths>.Instance));
            var engine = new ComparisonEngine(targets, trust)
            {
                Processes = (path, workload) => state.On(path, workload),
                SendPair = state.Dashboard is null ? null : new SampledPair(pairs).SendAsync,
                ServicesConfiguration = state.Configuration,
            };
            return new(engine, topology, pairs);
        }
        catch
        {
            await topology.DisposeAsync();
            throw;
        }
    }

    /// <summary>Asks the user's own application once through every target.</summary>
    /// <exception cref="ComparisonFailedException">A target does not answer as expected.</exception>
    public static async Task<ComparedSubject> OpenAsync(
        OwnApplication own, ComparisonOptions options, CancellationToken cancellationToken)
    {
        var different =
            await SamenessCheck.RunAsync(own.Targets, options.Request!, options.IsHttp2, own.Trust, cancellationToken);
        var mayFlood = own.IsLocal && !options.Request!.Writes;
        return new(new(TargetMap.Of([.. own.Targets.Select(target => (target.Name, target.Url))]), own.Trust)
        {
            Remarks = [
                .. different,
                "CPU per request is known only of the generator: the targets' processes are not part of this topology."],
            // Another machine is not saturated to warm it up, and no application is filled with what a write leaves behind.
            WarmUpSlices = mayFlood ? null : 0,
            WarmUp = TimeSpan.FromSeconds(mayFlood ? 1 : 3),
        });
    }

    public async ValueTask DisposeAsync()
    {
        _pairs?.Dispose();
        if (_topology is not null) await _topology.DisposeAsync();
    }
}
