using System.Collections.Concurrent;
using Microsoft.Extensions.Hosting;

namespace Topology.AppHost.Running;

/// <summary>Starts again what ended by itself. What a person stops is stopping before it ends, and stays stopped.</summary>
internal sealed class Restarts(
    ResourceNotificationService notifications, ResourceCommandService commands, IHostApplicationLifetime lifetime)
    : BackgroundService
{
    /// <summary>After so many starts in a row that never became healthy, it is not tried again.</summary>
    private const int StartsInVain = 6;

    private readonly ConcurrentDictionary<string, Backoff> _backoffs = new();

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var states = new Dictionary<string, string?>();
        // What ends because the topology stops is not started again.
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
        if (backoff.InVain >= StartsInVain)
        {
            Announcements.Say($"{ended.Resource.Name} {code}. It never became healthy in {StartsInVain} starts and is not tried again; its log is in the dashboard.");
            return;
        }

        Announcements.Say($"{ended.Resource.Name} {code}; it starts again in {delay.TotalSeconds:0.#} s.");
        try
        {
            await Task.Delay(delay, stoppingToken);
            var isStillEnded = notifications.TryGetCurrentState(ended.ResourceId, out var now) && now.Snapshot.State is { Text: var state }
                && HasEnded(state);
            if (!isStillEnded) return; // Somebody has started it by hand.
            var result = await commands.ExecuteCommandAsync(ended.ResourceId, KnownResourceCommands.StartCommand, stoppingToken);
            if (!result.Success && !result.Canceled) Announcements.Say($"{ended.Resource.Name} could not be started: {result.Message}");
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The topology stops.
        }
    }
}

/// <summary>How long to wait before the next start: 0.5 s, doubled each time up to 5 s; 0.5 s again after 10 s of health.</summary>
internal sealed class Backoff(TimeProvider time)
{
    private static readonly TimeSpan First = TimeSpan.FromSeconds(0.5);
    private static readonly TimeSpan Last = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Stable = TimeSpan.FromSeconds(10);

    private TimeSpan _next = First;
    private long? _healthySince;

    /// <summary>Starts in a row that ended before the resource was healthy.</summary>
    public int InVain { get; private set; }

    /// <summary>The resource is healthy now.</summary>
    public void IsHealthy()
    {
        _healthySince ??= time.GetTimestamp();
        InVain = 0;
    }

    /// <summary>The delay after an end.</summary>
    public TimeSpan Next()
    {
        if (_healthySince is not { } since) InVain++;
        else if (time.GetElapsedTime(since) >= Stable) _next = First;
        _healthySince = null;
        var delay = _next;
        _next = delay * 2 < Last ? delay * 2 : Last;
        return delay;
    }
}
