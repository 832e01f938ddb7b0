using System.Diagnostics;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;

namespace Topology.AppHost.Running;

/// <summary>What a person reads in the terminal: where to look first, then one line for each change that matters.</summary>
internal sealed class Announcements(
    ResourceNotificationService notifications, DistributedApplicationModel model, DashboardAddress dashboard, IConfiguration configuration,
    IHostApplicationLifetime lifetime) : BackgroundService
{
    private readonly long _started = Stopwatch.GetTimestamp();
    private bool _isDashboardAnnounced;
    private bool _isComplete;

    /// <summary>Writes a line for the person at the terminal.</summary>
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
        foreach (
            var start in model.Resources.SelectMany(resource => resource.Annotations.OfType<OpenFirstAnnotation>()).OrderBy(
            start => start.Order))
        {
            Say($"{start.Name + ":",-9}{start.Endpoint.Url}{start.Path}");
        }

        Say($"All {Needed.Count()} resources are healthy after {Stopwatch.GetElapsedTime(_started).TotalSeconds:0} s. Press Ctrl+C to stop everything.");
    }
}

/// <summary>An address that the terminal shows, because it is what to open first.</summary>
/// <param name="Order">Its place among the others.</param>
/// <param name="Name">What it is, for people.</param>
/// <param name="Endpoint">Where it answers.</param>
/// <param name="Path">What to ask for there.</param>
internal sealed record OpenFirstAnnotation(int Order, string Name, EndpointReference Endpoint, string Path) : IResourceAnnotation;
