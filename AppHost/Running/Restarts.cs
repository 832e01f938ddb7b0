using System.Collections.Concurrent;
using Microsoft.Extensions.Hosting;

namespace Topology.AppHost.Running;

/// <summary>
/// Restarts resources that exit unexpectedly. A resource that the user stops enters the stopping state first and stays stopped.
/// </summary>
internal sealed class Restarts(
    ResourceNotificationService notifications, ResourceCommandService commands, IHostApplicationLifetime lifetime)
    : BackgroundService
{
    /// <summary>The number of consecutive failed starts after which restarts end.</summary>
    private const int MaximumFailedStarts = 6;

    private readonly ConcurrentDictionary<string, Backoff> _backoffs = new();

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var states = new Dictionary<string, string?>();
        // Do not restart resources during shutdown.
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken, lifetime.ApplicationStopping);
        stoppingToken = stopping.Token;
        await foreach (var change in notifications.WatchAsync(stoppingToken))
        {
            if (change.Resource is not (ProjectResource or ExecutableResource) || change.Snapshot.IsHidden) continue;
            var state = change.Snapshot.State?.Text;
            var backoff = _backoffs.GetOrAdd(change.ResourceId, _ => new Backoff(TimeProvider.System));
            if (change.Snapshot.HealthStatus == Microsoft.Extensions.Diagnostics.HealthChecks.HealthStatus.Healthy
                && state == KnownResourceStates.Running)
            {
                backoff.IsHealthy();
            }
            var before = states.GetValueOrDefault(change.ResourceId);
            if (before == state) continue;
            states[change.ResourceId] = state;
            if (state is not null && HasEnded(state) && before != KnownResourceStates.Stopping)
            {
                _ = StartAgainAsync(change, backoff, stoppingToken);
            }
        }
    }

    private static bool HasEnded(string state) =>
        state == KnownResourceStates.Finished || state == KnownResourceStates.Exited || state == KnownResourceStates.FailedToStart;

    private async Task StartAgainAsync(ResourceEvent ended, Backoff backoff, CancellationToken stoppingToken)
    {
        var code = ended.Snapshot.ExitCode is { } exit ? $"ended with exit code {exit}" : "could not be started";
        var delay = backoff.Next();
        if (backoff.FailedStarts >= MaximumFailedStarts)
        {
            Announcements.Say(
                $"{ended.Resource.Name} {code}. It never became healthy in {MaximumFailedStarts} starts and is not tried again; "
                + "its log is in the dashboard.");
            return;
        }

        Announcements.Say($"{ended.Resource.Name} {code}; it starts again in {delay.TotalSeconds:0.#} s.");
        try
        {
            await Task.Delay(delay, stoppingToken);
            var isStillEnded = notifications.TryGetCurrentState(ended.ResourceId, out var now) && now.Snapshot.State is { Text: var state }
                && HasEnded(state);
            if (!isStillEnded) return; // The user has already started it.
            var result = await commands.ExecuteCommandAsync(ended.ResourceId, KnownResourceCommands.StartCommand, stoppingToken);
            if (!result.Success && !result.Canceled) Announcements.Say($"{ended.Resource.Name} could not be started: {result.Message}");
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Shutdown.
        }
    }
}

/// <summary>
/// The restart delay: 0.5 s, doubled each time up to 5 s. It returns to 0.5 s after the resource has been healthy for 10 s.
/// </summary>
internal sealed class Backoff(TimeProvider time)
{
    private static readonly TimeSpan First = TimeSpan.FromSeconds(0.5);
    private static readonly TimeSpan Last = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Stable = TimeSpan.FromSeconds(10);

    private TimeSpan _next = First;
    private long? _healthySince;

    /// <summary>Consecutive starts that ended before the resource was healthy.</summary>
    public int FailedStarts { get; private set; }

    /// <summary>Records that the resource is healthy.</summary>
    public void IsHealthy()
    {
        _healthySince ??= time.GetTimestamp();
        FailedStarts = 0;
    }

    /// <summary>The delay before the next start.</summary>
    public TimeSpan Next()
    {
        if (_healthySince is not { } since) FailedStarts++;
        else if (time.GetElapsedTime(since) >= Stable) _next = First;
        _healthySince = null;
        var delay = _next;
        _next = delay * 2 < Last ? delay * 2 : Last;
        return delay;
    }
}
