using System.Reflection;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Topology.Hardening.Certificates;

namespace Topology.AppHost.Running;

/// <summary>The state of the running topology, for other programs.</summary>
/// <param name="Healthy">Whether all resources that start automatically are healthy.</param>
/// <param name="BehindIngress">Whether the resources are behind the stand-in for the platform's ingress.</param>
/// <param name="Configuration">The build configuration: Debug or Release.</param>
/// <param name="TraceKey">The secret with which services accept a client's trace context.</param>
internal sealed record TopologyState(
    DashboardState? Dashboard, IReadOnlyList<ResourceState> Resources, bool Healthy, bool BehindIngress, string? Configuration,
        string? TraceKey);

/// <param name="State">Aspire's state in lower case, such as <c>running</c>, <c>waiting</c>, <c>not-started</c> or <c>exited</c>.</param>
/// <param name="Health"><c>healthy</c> or <c>unhealthy</c>; null if not running.</param>
/// <param name="Pid">Null if there is no process.</param>
/// <param name="Urls">Addresses for clients, by endpoint.</param>
/// <param name="Listeners">The process's own addresses, if <paramref name="Urls"/> point to an ingress.</param>
internal sealed record ResourceState(
    string Name, string State, string? Health, int? Pid, IReadOnlyDictionary<string, string> Urls,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyDictionary<string, string>? Listeners);

/// <summary>The addresses of a resource that clients reach through an ingress instead of at its own endpoints.</summary>
/// <param name="Urls">Ingress addresses, by endpoint.</param>
/// <param name="Listeners">The process's own addresses, by listener.</param>
internal sealed record ReachedThroughAnnotation(
    IReadOnlyDictionary<string, EndpointReference> Urls, IReadOnlyDictionary<string, EndpointReference> Listeners) : IResourceAnnotation;

/// <summary>
/// Writes <see cref="TopologyState"/> after every change. The file is readable by the user only and replaced atomically.
/// </summary>
internal sealed partial class StateFile(
    ResourceNotificationService notifications, DistributedApplicationModel model, DashboardAddress dashboard, IConfiguration configuration,
        ILogger<StateFile> logger)
    : BackgroundService
{
    /// <summary>The environment variable with the file's path.</summary>
    public const string Variable = "TOPOLOGY_STATE_FILE";

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        // Keeps URLs readable. This is safe because the file is never embedded in a page.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private readonly string _path = PathOf(configuration);
    private string _written = "";
    private string? _reported;

    /// <summary>
    /// <c>Topology:State</c>, or artifacts/topology.json. With dynamic ports the name is unique, because several topologies may
    /// run.
    /// </summary>
    public static string PathOf(IConfiguration configuration) =>
        configuration["Topology:State"] is { Length: > 0 } path ? Path.GetFullPath(path)
        : Path.GetFullPath(Path.Combine(
            configuration["AppHost:Directory"]!, "..", "artifacts", configuration["Topology:Ports"] == "dynamic"
                ? $"topology-{Environment.ProcessId}.json" : "topology.json"));

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await foreach (var change in notifications.WatchAsync(stoppingToken)) Write();
        }
        finally
        {
            Try(() => File.Delete(_path));
            Try(() => Directory.Delete(TopologyRun.TemporaryData, recursive: true));
        }
    }

    private void Write()
    {
        var json = JsonSerializer.Serialize(Read(), Json);
        if (json == _written) return;
        Try(() =>
        {
            Directory.CreateDirectory(Path.GetDirectoryName(_path)!);
            OwnerOnly.Write(_path, json);
            _written = json;
        });
    }

    private TopologyState Read()
    {
        var resources = model.Resources.Where(IsOurs).ToList();
        var states = resources.Select(Describe).ToList();
        var isHealthy = resources.Zip(states).All(
            entry => entry.First.TryGetLastAnnotation<ExplicitStartupAnnotation>(out _) || entry.Second.Health == "healthy");
        return new TopologyState(
            dashboard.Find(), states, isHealthy,
                resources.Exists(resource => resource.TryGetLastAnnotation<ReachedThroughAnnotation>(out _)),
            typeof(StateFile).Assembly.GetCustomAttribute<AssemblyConfigurationAttribute>()?.Configuration,
                configuration[TraceKeys.Setting]);
    }

    /// <summary>The topology's resources, without Aspire's hidden helpers such as the dashboard.</summary>
    private bool IsOurs(IResource resource) =>
        resource is ProjectResource or ExecutableResource
            && !(notifications.TryGetCurrentState(resource.Name, out var current) && current.Snapshot.IsHidden);

    private ResourceState Describe(IResource resource)
    {
        var snapshot = notifications.TryGetCurrentState(resource.Name, out var current) ? current.Snapshot : null;
        var isRunning = snapshot?.State?.Text == KnownResourceStates.Running;
        resource.TryGetLastAnnotation<ReachedThroughAnnotation>(out var through);
        return new ResourceState(
            resource.Name,
            Kebab(snapshot?.State?.Text ?? KnownResourceStates.NotStarted),
            isRunning ? snapshot!.HealthStatus == HealthStatus.Healthy ? "healthy" : "unhealthy" : null,
            isRunning ? ProcessId(snapshot!) : null,
            Addresses(
                through?.Urls ?? (resource as IResourceWithEndpoints)?.GetEndpoints().ToDictionary(endpoint => endpoint.EndpointName)
                ?? []),
            through is null ? null : Addresses(through.Listeners));
    }

    /// <summary>The addresses known so far. Creates new references, because a reference caches a missing address.</summary>
    private static Dictionary<string, string> Addresses(IReadOnlyDictionary<string, EndpointReference> endpoints) =>
        endpoints.Where(entry => entry.Value.EndpointAnnotation.AllocatedEndpoint is not null)
            .ToDictionary(entry => entry.Key, entry => entry.Value.EndpointAnnotation.AllocatedEndpoint!.UriString);

    /// <summary>The process id that the orchestrator reports.</summary>
    public static int? ProcessId(CustomResourceSnapshot snapshot) =>
        snapshot.Properties.FirstOrDefault(property => property.Name == "executable.pid")?.Value is { } pid
            && int.TryParse($"{pid}", out var id) && id > 0 ? id : null;

    private static string Kebab(string state) =>
        string.Concat(state.Select((c, i) => char.IsUpper(c) ? (i == 0 ? "" : "-") + char.ToLowerInvariant(c) : $"{c}"));

    /// <summary>
    /// Runs an action on the file. A failure, such as a full disk or missing permission, is logged once and otherwise ignored.
    /// </summary>
    private void Try(Action action)
    {
        try
        {
            action();
        }
        catch (DirectoryNotFoundException)
        {
            // There was no file.
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            if (_reported == exception.Message) return;
            _reported = exception.Message;
            LogUnwritable(_path, exception.Message);
        }
    }

    [LoggerMessage(LogLevel.Warning, "The state file {Path} could not be written or removed: {Reason}")]
    private partial void LogUnwritable(string path, string reason);
}
