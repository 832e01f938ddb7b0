using System.Text.Json;

namespace Topology.Comparison.Targets;

/// <summary>The file in which a running topology describes itself; rewritten at each change.</summary>
/// <param name="Dashboard">The dashboard's addresses; null without one.</param>
/// <param name="Resources">The topology's resources, running or not.</param>
/// <param name="BehindIngress">
/// Whether it has the cloud's shape, behind a stand-in for the platform's ingress: exposed services are reachable over HTTPS
/// only, and the others have no public listeners.
/// </param>
/// <param name="Healthy">Whether everything that starts by default is healthy.</param>
/// <param name="Configuration">The services' build configuration: <c>Release</c> or <c>Debug</c>. Null if unknown.</param>
/// <param name="TraceKey">Services trust a client's trace context only if this key comes with it.</param>
public sealed record TopologyState(
    TopologyDashboard? Dashboard, IReadOnlyList<TopologyResource> Resources, bool BehindIngress = false, bool Healthy = false,
        string? Configuration = null, string? TraceKey = null);

/// <summary>The dashboard's addresses.</summary>
public sealed record TopologyDashboard(Uri? Url, Uri? LoginUrl, Uri? OtlpGrpc);

/// <summary>One resource.</summary>
/// <param name="Name">Its name, such as <c>catalog-1</c>.</param>
/// <param name="State">Its state, such as <c>running</c> or <c>not-started</c>.</param>
/// <param name="Pid">Its process id; null if it has no process on this machine.</param>
/// <param name="Urls">Its addresses by endpoint name.</param>
/// <param name="Listeners">Its process's own addresses by listener, if <paramref name="Urls"/> are those of an ingress in front of
/// it.</param>
/// <param name="Health"><c>healthy</c> or <c>unhealthy</c>; null without a health check.</param>
public sealed record TopologyResource(
    string Name, string? State, int? Pid, IReadOnlyDictionary<string, Uri> Urls, IReadOnlyDictionary<string, Uri>? Listeners = null,
        string? Health = null);

/// <summary>The topology that this process belongs to. Each call reads the state file again, because the file changes.</summary>
public sealed class RunningTopology(IConfiguration configuration)
{
    /// <summary>The environment variable that names the state file.</summary>
    public const string FileKey = "TOPOLOGY_STATE_FILE";

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    /// <summary>The state; null if there is no file yet.</summary>
    public TopologyState? Read() => configuration[FileKey] is { Length: > 0 } file ? Read(file) : null;

    /// <summary>The dashboard's address, or null.</summary>
    public Uri? Dashboard =>
        Read()?.Dashboard?.Url
            ?? (Uri.TryCreate(configuration["Topology:Dashboard"], UriKind.Absolute, out var configured) ? configured : null);

    /// <summary>The address of this service's page, or null.</summary>
    public Uri? Page => Read()?.Resources.FirstOrDefault(resource => resource.Name == "traffic")?.Urls.GetValueOrDefault("http");

    /// <summary>Reads a state file; null if it is missing or incomplete.</summary>
    public static TopologyState? Read(string file)
    {
        try
        {
            return JsonSerializer.Deserialize<TopologyState>(File.ReadAllBytes(file), Json);
        }
        catch (Exception exception) when (exception is IOException or JsonException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
