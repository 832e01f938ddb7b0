using System.Text.Json;

namespace Topology.Comparison.Targets;

/// <summary>The file in which a running topology describes itself; written anew at each change.</summary>
/// <param name="Dashboard">The dashboard's addresses; null without one.</param>
/// <param name="Resources">What the topology consists of, whether it runs or not.</param>
/// <param name="BehindIngress">
/// Whether it is the cloud's shape, behind a stand-in for the platform's ingress: what is exposed is reached by HTTPS only,
/// and nothing else has public listeners.
/// </param>
/// <param name="Healthy">Whether everything that starts by itself is healthy.</param>
/// <param name="Configuration">In which the services were built: <c>Release</c> or <c>Debug</c>. Null where it is not known.</param>
/// <param name="TraceKey">With it, services follow a client's trace context.</param>
public sealed record TopologyState(
    TopologyDashboard? Dashboard, IReadOnlyList<TopologyResource> Resources, bool BehindIngress = false, bool Healthy = false,
        string? Configuration = null, string? TraceKey = null);

/// <summary>The dashboard's addresses.</summary>
public sealed record TopologyDashboard(Uri? Url, Uri? LoginUrl, Uri? OtlpGrpc);

/// <summary>One resource.</summary>
/// <param name="Name">Its name, such as <c>catalog-1</c>.</param>
/// <param name="State">Its state, such as <c>running</c> or <c>not-started</c>.</param>
/// <param name="Pid">Its process; null where it has none on this machine.</param>
/// <param name="Urls">Its addresses by endpoint name.</param>
/// <param name="Listeners">Where its process itself listens, by listener, where <paramref name="Urls"/> lead to an ingress in front of
/// it.</param>
/// <param name="Health"><c>healthy</c> or <c>unhealthy</c>; null where nobody checks.</param>
public sealed record TopologyResource(
    string Name, string? State, int? Pid, IReadOnlyDictionary<string, Uri> Urls, IReadOnlyDictionary<string, Uri>? Listeners = null,
        string? Health = null);

/// <summary>What is known of the topology that this process is part of; read when asked, because it changes.</summary>
public sealed class RunningTopology(IConfiguration configuration)
{
    /// <summary>The variable that names the state file.</summary>
    public const string FileKey = "TOPOLOGY_STATE_FILE";

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    /// <summary>The state, or null where no file is there (yet).</summary>
    public TopologyState? Read() => configuration[FileKey] is { Length: > 0 } file ? Read(file) : null;

    /// <summary>The dashboard's address, or null.</summary>
    public Uri? Dashboard =>
        Read()?.Dashboard?.Url
            ?? (Uri.TryCreate(configuration["Topology:Dashboard"], UriKind.Absolute, out var configured) ? configured : null);

    /// <summary>The address of this service's page, or null.</summary>
    public Uri? Page => Read()?.Resources.FirstOrDefault(resource => resource.Name == "traffic")?.Urls.GetValueOrDefault("http");

    /// <summary>The state that a file holds; null where it is absent or not whole.</summary>
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
