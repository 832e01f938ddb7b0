using System.Net;
using Topology.Comparison.Targets;
using Topology.Comparison.Workloads;
using Topology.ServiceDefaults.Paths;

namespace Topology.Claims.Lab;

/// <summary>
/// The setup on which claims are checked: a running topology, and a plain Kestrel configured like a project template. Claims send all
/// requests through this class, so a test can substitute another topology.
/// </summary>
public sealed class ClaimLab : IAsyncDisposable
{
    private readonly Func<TopologyState?> _read;
    private readonly IConfiguration _configuration;
    private readonly Dictionary<int, string> _names = [];
    private readonly HashSet<string> _silent = [];

    private ClaimLab(TopologyState state, Func<TopologyState?> read, IConfiguration configuration, PlainKestrel plain)
    {
        (State, _read, _configuration, Plain) =
            (state with { Resources = [.. state.Started().Where(resource => !state.BehindIngress || resource.Listeners is not null)] },
            read, configuration, plain);
        Targets = new(state.Services());
        Trust = new(configuration);
        Authorities = new(configuration);
    }

    /// <summary>
    /// The topology's state when the lab was opened. Leaves out resources that are not started and the platform's ingress.
    /// </summary>
    public TopologyState State { get; }

    /// <summary>
    /// Whether the topology is laid out as in the cloud: every resource is behind a platform's ingress, and only the edge is public.
    /// </summary>
    public bool IsCloud => State.BehindIngress;

    /// <summary>The first address of each path.</summary>
    public TargetMap Targets { get; }

    /// <summary>The certificates that a public client trusts.</summary>
    public PublicTrust Trust { get; }

    /// <summary>The two local authorities.</summary>
    public Authorities Authorities { get; }

    /// <summary>A Kestrel for comparison: no hardening, no proxy.</summary>
    public PlainKestrel Plain { get; }

    /// <summary>The running edges and proxies, in display order.</summary>
    public IReadOnlyList<TopologyResource> Proxies =>
        [.. State.Resources.Where(resource => TopologyPath.All.Contains(resource.Name) && resource.Urls.ContainsKey("http"))
            .OrderBy(resource => TopologyPath.All.Index().First(path => path.Item == resource.Name).Index)];

    /// <summary>The edge and the other running proxies, without the second edge: it is the same program.</summary>
    public IReadOnlyList<string> ProxyKinds => [.. Proxies.Select(proxy => proxy.Name).Where(name => name != "edge-tls")];

    /// <summary>
    /// The resources that filter requests by host: a backend if backends are public, each edge, and the other running proxies.
    /// </summary>
    public IEnumerable<string> Filtering =>
        Proxies.Select(proxy => proxy.Name).Prepend(Backends[0].Name).Where(name => Entrances(name).Count > 0);

    /// <summary>The running replicas of the services.</summary>
    public IReadOnlyList<TopologyResource> Backends =>
        [.. State.Resources.Where(resource => Services.Contains(resource.Service()) && resource.Urls.ContainsKey("http"))];

    /// <summary>The services that receive workloads.</summary>
    public static IReadOnlyList<string> Services { get; } = [.. WorkloadCatalog.All.Select(workload => workload.Service).Distinct()];

    /// <summary>Opens a lab on a topology.</summary>
    /// <param name="read">Reads its state; called again when processes may have changed.</param>
    /// <param name="configuration">Configures the directory of the local authorities.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="InvalidOperationException">There is no topology.</exception>
    public static async Task<ClaimLab> OpenAsync(
        Func<TopologyState?> read, IConfiguration configuration, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(read);
        var state = read() ?? throw new InvalidOperationException("No topology is running.");
        var lab = new ClaimLab(state, read, configuration, await PlainKestrel.StartAsync(cancellationToken));
        if (lab.IsCloud) await lab.FindSilentServicesAsync(cancellationToken);
        return lab;
    }

    /// <summary>Whether a service answers whoami. Always true in the lab, where a missing response is a fault.</summary>
    public bool AnswersWhoAmI(string service) => !_silent.Contains(service);

    /// <summary>The resource of that name.</summary>
    /// <exception cref="InvalidOperationException">It is not running.</exception>
    public TopologyResource Resource(string name) => Find(State, name) ?? throw new InvalidOperationException($"{name} is not running");

    /// <summary>The address of a resource's endpoint.</summary>
    /// <exception cref="InvalidOperationException">The resource has no such endpoint.</exception>
    public Uri Url(string name, string endpoint) =>
        Resource(name).Urls.GetValueOrDefault(endpoint) ?? throw new InvalidOperationException($"{name} has no endpoint {endpoint}");

    /// <summary>
    /// A resource's public addresses. An ingress redirects cleartext to HTTPS, so behind it an exposed resource has only its HTTPS address.
    /// Other resources have none there.
    /// </summary>
    public IReadOnlyList<Uri> Entrances(string name) => !IsCloud
        ? [Url(name, "http"), Url(name, "https")]
        : Resource(name).Urls.TryGetValue("https", out var address) ? [address] : [];

    /// <summary>A resource's first public address.</summary>
    /// <exception cref="InvalidOperationException">The resource is not public.</exception>
    public Uri Entrance(string name) =>
        Entrances(name) is [var first, ..] ? first : throw new InvalidOperationException($"{name} has no public address");

    /// <summary>The addresses of a resource's process itself, by listener name.</summary>
    public static IReadOnlyDictionary<string, Uri> Listeners(TopologyResource resource)
    {
        ArgumentNullException.ThrowIfNull(resource);
        return resource.Listeners ?? resource.Urls;
    }

    /// <summary>The address of a resource's own process: its public listener or, behind an ingress, the ingress's target.</summary>
    /// <exception cref="InvalidOperationException">The address is not known.</exception>
    public Uri Own(string name)
    {
        var listeners = Listeners(Resource(name));
        return ((string[])["http", "ingress", "internal-h2", "internal"]).Select(listeners.GetValueOrDefault).OfType<Uri>().FirstOrDefault()
            ?? throw new InvalidOperationException($"the address of {name}'s process is not known");
    }

    /// <summary>The internal address of a backend's process, for peers and management endpoints.</summary>
    /// <exception cref="InvalidOperationException">It is not known.</exception>
    public Uri Internal(string name) =>
        Listeners(Resource(name)).GetValueOrDefault("internal") ?? throw new InvalidOperationException($"{name} has no internal endpoint");

    /// <summary>The resource that sent a response. Behind an ingress, replicas share a name, so the process id tells them apart.</summary>
    public string NameOf(WhoAmI answer)
    {
        ArgumentNullException.ThrowIfNull(answer);
        if (!IsCloud || answer.Process is not { } pid) return answer.Instance;
        lock (_names)
        {
            // An unknown process may have started since the last read.
            if (!_names.ContainsKey(pid))
            {
                foreach (var resource in _read()?.Resources ?? [])
                {
                    if (resource.Pid is { } known) _names[known] = resource.Name;
                }
            }

            return _names.GetValueOrDefault(pid) ?? answer.Instance;
        }
    }

    /// <summary>The current process of a resource.</summary>
    public int? PidNow(string name) => _read() is { } state ? Find(state, name)?.Pid : null;

    /// <summary>A client of one listener that trusts the public authority.</summary>
    /// <param name="address">The listener.</param>
    /// <param name="from">The client's source address; it must be a loopback address.</param>
    /// <param name="acceptsAnyName">Accepts a certificate with any name.</param>
    public Caller Call(Uri address, IPAddress? from = null, bool acceptsAnyName = false) =>
        new(address, Trust, from) { AcceptsAnyName = acceptsAnyName };

    /// <summary>Starts another program of the topology with only the given settings.</summary>
    public OwnService Start(string project, params IEnumerable<(string Key, string Value)> settings) =>
        OwnService.Start(project, _configuration, settings);

    /// <inheritdoc />
    public ValueTask DisposeAsync() => Plain.DisposeAsync();

    private async Task FindSilentServicesAsync(CancellationToken cancellationToken)
    {
        foreach (var backend in Backends.DistinctBy(backend => backend.Service()))
        {
            using var caller = Call(Url(backend.Name, "http"));
            if (await caller.StatusAsync($"/{backend.Service()}/whoami", cancellationToken) == 404) _silent.Add(backend.Service());
        }
    }

    private static TopologyResource? Find(TopologyState state, string name) =>
        state.Resources.FirstOrDefault(resource => resource.Name == name);
}

/// <summary>Resource names without the replica's number.</summary>
internal static class ResourceNames
{
    public static string Service(this TopologyResource resource) => TopologyProcesses.Service(resource);
}
