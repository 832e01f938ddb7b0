using System.Net;
using Topology.Comparison.Targets;
using Topology.Comparison.Workloads;
using Topology.ServiceDefaults.Paths;

namespace Topology.Claims.Lab;

/// <summary>
/// What claims are put to: a running topology, and beside it a plain Kestrel as a template makes it. Everything is asked
/// through here, so that a claim can be given another topology than the real one.
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
    /// The topology when the lab was opened, without what nobody has started, and without the ingress, which is the platform's.
    /// </summary>
    public TopologyState State { get; }

    /// <summary>
    /// Whether it is the cloud's shape: a platform's ingress is in front of every resource, and only the edge has one that
    /// the public enters.
    /// </summary>
    public bool IsCloud => State.BehindIngress;

    /// <summary>Where its paths begin.</summary>
    public TargetMap Targets { get; }

    /// <summary>What a client of the public believes.</summary>
    public PublicTrust Trust { get; }

    /// <summary>The two local authorities.</summary>
    public Authorities Authorities { get; }

    /// <summary>The Kestrel of the contrast: no hardening, no proxy.</summary>
    public PlainKestrel Plain { get; }

    /// <summary>The edges and proxies that run, in the order in which paths are shown.</summary>
    public IReadOnlyList<TopologyResource> Proxies =>
        [.. State.Resources.Where(resource => TopologyPath.All.Contains(resource.Name) && resource.Urls.ContainsKey("http"))
            .OrderBy(resource => TopologyPath.All.Index().First(path => path.Item == resource.Name).Index)];

    /// <summary>One of each kind of proxy: our edge, and the other proxies that run. The second edge is the same program.</summary>
    public IReadOnlyList<string> ProxyKinds => [.. Proxies.Select(proxy => proxy.Name).Where(name => name != "edge-tls")];

    /// <summary>Who filters hosts: each edge, the other proxies that run, and before them a backend where those are exposed.</summary>
    public IEnumerable<string> Filtering =>
        Proxies.Select(proxy => proxy.Name).Prepend(Backends[0].Name).Where(name => Entrances(name).Count > 0);

    /// <summary>The processes that serve and can tell who asks.</summary>
    public IReadOnlyList<TopologyResource> Backends =>
        [.. State.Resources.Where(resource => Services.Contains(resource.Service()) && resource.Urls.ContainsKey("http"))];

    /// <summary>The services that workloads are sent to.</summary>
    public static IReadOnlyList<string> Services { get; } = [.. WorkloadCatalog.All.Select(workload => workload.Service).Distinct()];

    /// <summary>Opens a lab on a topology.</summary>
    /// <param name="read">Its state, read again where processes come and go.</param>
    /// <param name="configuration">Says where the local authorities are.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="InvalidOperationException">There is no topology.</exception>
    public static async Task<ClaimLab> OpenAsync(
        Func<TopologyState?> read, IConfiguration configuration, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(read);
        var state = read() ?? throw new InvalidOperationException("No topology is running.");
        var lab = new ClaimLab(state, read, configuration, await PlainKestrel.StartAsync(cancellationToken));
        if (lab.IsCloud) await lab.LookWhoTellsAsync(cancellationToken);
        return lab;
    }

    /// <summary>Whether a service answers whoami. In the lab all do, and one that does not is a fault.</summary>
    public bool AnswersWhoAmI(string service) => !_silent.Contains(service);

    /// <summary>The resource of that name.</summary>
    /// <exception cref="InvalidOperationException">It does not run.</exception>
    public TopologyResource Resource(string name) => Find(State, name) ?? throw new InvalidOperationException($"{name} is not running");

    /// <summary>The address of a resource's endpoint.</summary>
    /// <exception cref="InvalidOperationException">There is none.</exception>
    public Uri Url(string name, string endpoint) =>
        Resource(name).Urls.GetValueOrDefault(endpoint) ?? throw new InvalidOperationException($"{name} has no endpoint {endpoint}");

    /// <summary>
    /// The addresses at which the public is served by a resource: its public listeners. Behind an ingress, which sends
    /// cleartext to HTTPS, that is HTTPS of what is exposed, and nothing of what is not.
    /// </summary>
    public IReadOnlyList<Uri> Entrances(string name) => !IsCloud
        ? [Url(name, "http"), Url(name, "https")]
        : Resource(name).Urls.TryGetValue("https", out var address) ? [address] : [];

    /// <summary>The first of a resource's entrances.</summary>
    /// <exception cref="InvalidOperationException">The public is not let in there.</exception>
    public Uri Entrance(string name) =>
        Entrances(name) is [var first, ..] ? first : throw new InvalidOperationException($"{name} has no entrance for the public");

    /// <summary>Where a resource's process itself listens, by listener.</summary>
    public static IReadOnlyDictionary<string, Uri> Listeners(TopologyResource resource)
    {
        ArgumentNullException.ThrowIfNull(resource);
        return resource.Listeners ?? resource.Urls;
    }

    /// <summary>Where a resource's process itself serves: its public listener, or the one to which an ingress leads.</summary>
    /// <exception cref="InvalidOperationException">It is not known.</exception>
    public Uri Own(string name)
    {
        var listeners = Listeners(Resource(name));
        return ((string[])["http", "ingress", "internal-h2", "internal"]).Select(listeners.GetValueOrDefault).OfType<Uri>().FirstOrDefault()
            ?? throw new InvalidOperationException($"the own address of {name} is not known");
    }

    /// <summary>Where a backend's process itself answers peers and its management endpoints.</summary>
    /// <exception cref="InvalidOperationException">It is not known.</exception>
    public Uri Internal(string name) =>
        Listeners(Resource(name)).GetValueOrDefault("internal") ?? throw new InvalidOperationException($"{name} has no endpoint internal");

    /// <summary>The resource that gave an answer. Behind an ingress replicas share a name, and are told apart by their processes.</summary>
    public string NameOf(WhoAmI answer)
    {
        ArgumentNullException.ThrowIfNull(answer);
        if (!IsCloud || answer.Process is not { } pid) return answer.Instance;
        lock (_names)
        {
            // Whoever is not known may have been started since.
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

    /// <summary>The process of a resource as it is now.</summary>
    public int? PidNow(string name) => _read() is { } state ? Find(state, name)?.Pid : null;

    /// <summary>A client of one listener that trusts the public authority.</summary>
    /// <param name="address">The listener.</param>
    /// <param name="from">The client's own address; loopback has many.</param>
    /// <param name="acceptsAnyName">The certificate may be of another name than the Host asked for.</param>
    public Caller Call(Uri address, IPAddress? from = null, bool acceptsAnyName = false) =>
        new(address, Trust, from) { AcceptsAnyName = acceptsAnyName };

    /// <summary>Another program of the topology, with only the settings given.</summary>
    public OwnService Start(string project, params IEnumerable<(string Key, string Value)> settings) =>
        OwnService.Start(project, _configuration, settings);

    /// <inheritdoc />
    public ValueTask DisposeAsync() => Plain.DisposeAsync();

    private async Task LookWhoTellsAsync(CancellationToken cancellationToken)
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

/// <summary>What a resource is called apart from its replica's number.</summary>
internal static class ResourceNames
{
    public static string Service(this TopologyResource resource) => TopologyProcesses.Service(resource);
}
