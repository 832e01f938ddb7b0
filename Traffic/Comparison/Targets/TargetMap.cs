using Topology.ServiceDefaults.Paths;

namespace Topology.Comparison.Targets;

/// <summary>
/// Where each path begins. The path <c>direct</c> begins at the backends' public listeners, any other path at the public
/// listeners of the proxy with that name. Reads the keys of service discovery: <c>services:{name}:{endpoint}:{n}</c>.
/// </summary>
public sealed class TargetMap
{
    private readonly Dictionary<(string Service, string Endpoint), Uri[]> _addresses = [];
    private readonly Dictionary<string, Uri[]>? _own;

    /// <summary>Reads the section <c>services</c>.</summary>
    public TargetMap(IConfiguration configuration)
    {
        foreach (var service in configuration.GetSection("services").GetChildren())
        {
            foreach (var endpoint in service.GetChildren())
            {
                Uri[] addresses = [
                    .. from entry in endpoint.GetChildren()
                       where Uri.TryCreate(entry.Value, UriKind.Absolute, out _)
                       select new Uri(entry.Value!),
                ];
                if (addresses.Length > 0) _addresses[(service.Key, endpoint.Key)] = addresses;
            }
        }

        Paths = [.. TopologyPath.All.Where(path => path == TopologyPath.Direct ? HasBackend : HasProxy(path))];
    }

    private TargetMap(IReadOnlyList<(string Name, Uri Url)> own)
    {
        _own = own.ToDictionary(target => target.Name, target => (Uri[])[target.Url]);
        Paths = [.. own.Select(target => target.Name)];
    }

    /// <summary>
    /// The user's own application. Each entry is a compared path: its name, and the URL to which that path's requests are sent.
    /// </summary>
    public static TargetMap Of(IReadOnlyList<(string Name, Uri Url)> own) => new(own);

    /// <summary>The configured paths, <c>direct</c> first.</summary>
    public IReadOnlyList<string> Paths { get; }

    /// <summary>Whether any address uses HTTPS; otherwise no authority is needed.</summary>
    public bool UsesTls => (_own?.Values ?? _addresses.Values.AsEnumerable())
        .Any(addresses => addresses.Any(address => address.Scheme == Uri.UriSchemeHttps));

    /// <summary>The base addresses of a path to a service, one for each replica; empty if there is none.</summary>
    /// <param name="path">One of <see cref="Paths"/>.</param>
    /// <param name="service">The backend.</param>
    /// <param name="tls">Whether to use the listener <c>https</c> instead of <c>http</c>.</param>
    public IReadOnlyList<Uri> Find(string path, string service, bool tls) =>
        _own is not null ? _own.GetValueOrDefault(path) ?? []
        : _addresses.GetValueOrDefault((path == TopologyPath.Direct ? service : path, tls ? "https" : "http")) ?? [];

    private bool HasBackend => _addresses.Keys.Any(key => !TopologyPath.All.Contains(key.Service));

    private bool HasProxy(string path) => _addresses.Keys.Any(key => key.Service == path);
}
