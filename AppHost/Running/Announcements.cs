using System.Diagnostics;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;

namespace Topology.AppHost.Running;

/// <summary>Writes to the terminal: first the main URLs, then important state changes.</summary>
internal sealed class Announcements(
    ResourceNotificationService notifications, DistributedApplicationModel model, DashboardAddress dashboard, IConfiguration configuration,
    IHostApplicationLifetime lifetime) : BackgroundService
{
    private readonly long _started = Stopwatch.GetTimestamp();
    private bool _isDashboardAnnounced;
    private bool _isComplete;

    /// <summary>Writes one line to the terminal.</summary>
    public static void Say(string line) => Console.WriteLine(line);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (configuration.GetValue("Topology:Quiet", defaultValue: false)) return;
        var healthy = new HashSet<string>();
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken, lifetime.ApplicationStopping);
        await foreach (var change in notifications.WatchAsync(stopping.Token))
        {
            AnnounceDashboard();
            if (change.Resource.TryGetLastAnnotation<HealthCheckAnnotation>(out _) is false) continue;
            var isHealthy = change.Snapshot is { HealthStatus: HealthStatus.Healthy, State.Text: var state }
                && state == KnownResourceStates.Running;
            if (isHealthy ? !healthy.Add(change.Resource.Name) : !healthy.Remove(change.Resource.Name)) continue;
            if (_isComplete && isHealthy) Say($"{change.Resource.Name} is healthy.");
            if (!_isComplete && Needed.All(healthy.Contains)) AnnounceStart();
        }
    }

    private IEnumerable<string> Needed =>
        from resource in model.Resources
        where resource.TryGetLastAnnotation<HealthCheckAnnotation>(out _)
            && !resource.TryGetLastAnnotation<ExplicitStartupAnnotation>(out _)
        where resource.Name != DashboardAddress.Resource
        select resource.Name;

    private void AnnounceDashboard()
    {
        if (_isDashboardAnnounced || dashboard.Find() is not { } address) return;
        _isDashboardAnnounced = true;
        Say($"Login to the dashboard at {address.LoginUrl}");
    }

    private void AnnounceStart()
    {
        _isComplete = true;
        var starts = model.Resources.SelectMany(resource => resource.Annotations.OfType<OpenFirstAnnotation>());
        foreach (var start in starts.OrderBy(start => start.Order))
        {
            Say($"{start.Name + ":",-9}{start.Endpoint.Url}{start.Path}");
        }

        var seconds = Stopwatch.GetElapsedTime(_started).TotalSeconds;
        Say($"All {Needed.Count()} resources are healthy after {seconds:0} s. Press Ctrl+C to stop everything.");
    }
}

/// <summary>A URL that the terminal shows at startup.</summary>
/// <param name="Order">Display order.</param>
/// <param name="Name">Display name.</param>
/// <param name="Endpoint">The endpoint of the URL.</param>
/// <param name="Path">The path of the URL.</param>
internal sealed record OpenFirstAnnotation(int Order, string Name, EndpointReference Endpoint, string Path) : IResourceAnnotation;
