using System.Collections.Immutable;
using Topology.Traffic.Claims.Lab;
using Topology.Traffic.Pairs;
using Topology.Traffic.Runs;
using Topology.Traffic.Targets;

namespace Topology.Traffic.Claims;

/// <summary>A claim on the page.</summary>
/// <param name="IsWaiting">It is to be checked, after others.</param>
/// <param name="IsRunning">It is being checked.</param>
/// <param name="Result">What the last check found; null before it.</param>
/// <param name="Need">Why it cannot be checked here; null where it can, and before that is known.</param>
public sealed record ClaimState(bool IsWaiting, bool IsRunning, ClaimResult? Result, Need? Need = null);

/// <summary>Checks claims against the topology that this process is part of, for whoever looks at the page.</summary>
internal sealed partial class ClaimRuns(
    RunningTopology topology, IConfiguration configuration, PairTraffic traffic, ComparisonRunner comparisons, IHostApplicationLifetime lifetime, ILogger<ClaimRuns> logger)
{
    private readonly Lock _gate = new();
    private ImmutableDictionary<string, ClaimState> _states = ImmutableDictionary<string, ClaimState>.Empty;

    /// <summary>Something below has changed; raised on any thread.</summary>
    public event Action? Changed;

    /// <summary>Whether a check is under way.</summary>
    public bool IsRunning { get; private set; }

    /// <summary>Whether a comparison has the machine for itself.</summary>
    public bool IsComparing => comparisons.IsRunning;

    /// <summary>Whether there is a topology that can be asked.</summary>
    public bool IsPossible => topology.Read() is not null;

    /// <summary>Why the last checks ended early, or null.</summary>
    public string? Failure { get; private set; }

    /// <summary>The state of a claim.</summary>
    public ClaimState this[string id] => _states.GetValueOrDefault(id) ?? new(false, false, null);

    /// <summary>Starts to check claims and returns at once; does nothing while others are checked, or paths compared.</summary>
    public void Start(IReadOnlyList<Claim> claims)
    {
        lock (_gate)
        {
            if (IsRunning || comparisons.IsRunning) return;
            (IsRunning, Failure) = (true, null);
        }

        foreach (var claim in claims) Set(claim, state => state with { IsWaiting = true });
        _ = Task.Run(() => RunAsync(claims, lifetime.ApplicationStopping));
    }

    private async Task RunAsync(IReadOnlyList<Claim> claims, CancellationToken cancellationToken)
    {
        // What is measured must not compete with pairs.
        traffic.IsPaused = true;
        try
        {
            await using var lab = await ClaimLab.OpenAsync(topology.Read, configuration, cancellationToken);
            foreach (var claim in claims)
            {
                if (claim.Needs(lab) is { } need)
                {
                    Set(claim, _ => new(false, false, null, need));
                    continue;
                }

                Set(claim, state => state with { IsWaiting = false, IsRunning = true });
                var result = await ClaimRunner.CheckAsync(claim, lab, cancellationToken);
                Set(claim, _ => new(false, false, result));
            }
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            // Nobody awaits this; the page shows it, and the log has the rest.
            Failure = exception.GetBaseException().Message;
            LogFailed(exception);
        }
        finally
        {
            traffic.IsPaused = false;
            IsRunning = false;
            foreach (var claim in claims) Set(claim, state => state with { IsWaiting = false, IsRunning = false });
        }
    }

    private void Set(Claim claim, Func<ClaimState, ClaimState> change)
    {
        lock (_gate) _states = _states.SetItem(claim.Id, change(this[claim.Id]));
        Changed?.Invoke();
    }

    [LoggerMessage(LogLevel.Error, "The claims could not be checked.")]
    private partial void LogFailed(Exception exception);
}
