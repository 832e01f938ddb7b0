using System.Collections.Immutable;
using Topology.Claims;
using Topology.Claims.Lab;
using Topology.Comparison.Targets;
using Topology.Traffic.Runs;

namespace Topology.Traffic.Claims;

/// <summary>A claim on the page.</summary>
/// <param name="IsWaiting">It waits for other checks.</param>
/// <param name="IsRunning">It is being checked.</param>
/// <param name="Result">The last result; null before the first check.</param>
/// <param name="MissingRequirement">Why it cannot be checked here; null if it can, or before that is known.</param>
public sealed record ClaimState(bool IsWaiting, bool IsRunning, ClaimResult? Result, MissingRequirement? MissingRequirement = null);

/// <summary>Checks claims against the topology that this process is part of, for the page and for commands.</summary>
internal sealed partial class ClaimRuns(
    RunningTopology topology, IConfiguration configuration, MeasurementGate gate, IHostApplicationLifetime lifetime,
        ILogger<ClaimRuns> logger)
{
    private readonly Lock _lock = new();
    private ImmutableDictionary<string, ClaimState> _states = ImmutableDictionary<string, ClaimState>.Empty;

    /// <summary>Raised on any thread after a change of the state below.</summary>
    public event Action? Changed;

    /// <summary>Whether a check is running.</summary>
    public bool IsRunning { get; private set; }

    /// <summary>Whether a comparison is running.</summary>
    public bool IsComparing => gate.IsTaken && !IsRunning;

    /// <summary>Whether a topology is running.</summary>
    public bool IsPossible => topology.Read() is not null;

    /// <summary>Why the last checks ended early, or null.</summary>
    public string? Failure { get; private set; }

    /// <summary>The state of a claim.</summary>
    public ClaimState this[string id] => _states.GetValueOrDefault(id) ?? new(false, false, null);

    /// <summary>Starts to check claims and returns immediately.</summary>
    /// <param name="claims">The claims to check.</param>
    /// <param name="cancellationToken">Cancels the checks.</param>
    /// <returns>A task that completes when the checks end; its result says why they ended early, or is null. If another measurement
    /// is running, there is no task: the method returns null.</returns>
    public Task<string?>? TryStart(IReadOnlyList<Claim> claims, CancellationToken cancellationToken = default)
    {
        if (gate.TryEnter() is not { } lease) return null;
        (IsRunning, Failure) = (true, null);
        foreach (var claim in claims) Set(claim, state => state with { IsWaiting = true });
        return Task.Run(() => RunAsync(claims, lease, cancellationToken), CancellationToken.None);
    }

    private async Task<string?> RunAsync(IReadOnlyList<Claim> claims, IDisposable lease, CancellationToken cancellationToken)
    {
        string? failure;
        using var cancellation = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, lifetime.ApplicationStopping);
        try
        {
            await using var lab = await ClaimLab.OpenAsync(topology.Read, configuration, cancellation.Token);
            foreach (var claim in claims)
            {
                if (claim.Needs(lab) is { } need)
                {
                    Set(claim, _ => new(false, false, null, need));
                    continue;
                }

                Set(claim, state => state with { IsWaiting = false, IsRunning = true });
                var result = await ClaimRunner.CheckAsync(claim, lab, cancellation.Token);
                Set(claim, _ => new(false, false, result));
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            Failure = "The check was cancelled.";
        }
        catch (Exception exception)
        {
            // The page shows the message; the log has the whole exception.
            Failure = exception.GetBaseException().Message;
            LogFailed(exception);
        }

        finally
        {
            foreach (var claim in claims) Set(claim, state => state with { IsWaiting = false, IsRunning = false });
            failure = Failure;
            IsRunning = false;
            lease.Dispose();
        }

        Changed?.Invoke();
        return failure;
    }

    private void Set(Claim claim, Func<ClaimState, ClaimState> change)
    {
        lock (_lock) _states = _states.SetItem(claim.Id, change(this[claim.Id]));
        Changed?.Invoke();
    }

    [LoggerMessage(LogLevel.Error, "The claims could not be checked.")]
    private partial void LogFailed(Exception exception);
}
