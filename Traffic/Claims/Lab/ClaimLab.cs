using System.Net;
using Topology.ServiceDefaults.Paths;
using Topology.Traffic.Targets;

namespace Topology.Traffic.Claims.Lab;

/// <summary>
/// What claims are put to: a running topology, and beside it a plain Kestrel as a template makes it. Everything is asked
/// through here, so that a claim can be given another topology than the real one.
/// </summary>
public sealed class ClaimLab : IAsyncDisposable
{
    private readonly Func<TopologyState?> _read;
    private readonly IConfiguration _configuration;

    private ClaimLab(TopologyState state, Func<TopologyState?> read, IConfiguration configuration, PlainKestrel plain)
    {
        (State, _read, _configuration, Plain) = (state, read, configuration, plain);
        Targets = new(state.Services());
        Trust = new(configuration);
        Authorities = new(configuration);
    }

    /// <summary>The topology when the lab was opened.</summary>
    public TopologyState State { get; }

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

    /// <summary>Who filters hosts: a backend that is exposed, each edge, and the other proxies that run.</summary>
    public IEnumerable<string> Filtering => Proxies.Select(proxy => proxy.Name).Prepend(Backends[0].Name);

    /// <summary>The processes that serve.</summary>
    public IReadOnlyList<TopologyResource> Backends =>
        [.. State.Resources.Where(resource => !TopologyPath.All.Contains(resource.Name) && resource.Urls.ContainsKey("http") && resource.Urls.ContainsKey("internal-h2"))];

    /// <summary>Opens a lab on a topology.</summary>
    /// <param name="read">Its state, read again where processes come and go.</param>
    /// <param name="configuration">Says where the local authorities are.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="InvalidOperationException">There is no topology.</exception>
    public static async Task<ClaimLab> OpenAsync(Func<TopologyState?> read, IConfiguration configuration, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(read);
        var state = read() ?? throw new InvalidOperationException("No topology is running.");
        return new(state, read, configuration, await PlainKestrel.StartAsync(cancellationToken));
    }

    /// <summary>The resource of that name.</summary>
    /// <exception cref="InvalidOperationException">It does not run.</exception>
    public TopologyResource Resource(string name) => Find(State, name) ?? throw new InvalidOperationException($"{name} is not running");

    /// <summary>The address of a resource's endpoint.</summary>
    /// <exception cref="InvalidOperationException">There is none.</exception>
    public Uri Url(string name, string endpoint) =>
        Resource(name).Urls.GetValueOrDefault(endpoint) ?? throw new InvalidOperationException($"{name} has no endpoint {endpoint}");

    /// <summary>The process of a resource as it is now.</summary>
    public int? PidNow(string name) => _read() is { } state ? Find(state, name)?.Pid : null;

    /// <summary>A client of one listener that trusts the public authority.</summary>
    /// <param name="address">The listener.</param>
    /// <param name="from">The client's own address; loopback has many.</param>
    /// <param name="acceptsAnyName">The certificate may be of another name than the Host asked for.</param>
    public Caller Call(Uri address, IPAddress? from = null, bool acceptsAnyName = false) => new(address, Trust, from) { AcceptsAnyName = acceptsAnyName };

    /// <summary>Another program of the topology, with only the settings given.</summary>
    public OwnService Start(string project, params IEnumerable<(string Key, string Value)> settings) => OwnService.Start(project, _configuration, settings);

    /// <inheritdoc />
    public ValueTask DisposeAsync() => Plain.DisposeAsync();

    private static TopologyResource? Find(TopologyState state, string name) => state.Resources.FirstOrDefault(resource => resource.Name == name);
}

/// <summary>What a resource is called apart from its replica's number.</summary>
internal static class ResourceNames
{
    public static string Service(this TopologyResource resource) => TopologyProcesses.Service(resource);
}
