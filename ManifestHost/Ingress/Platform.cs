using System.Globalization;
using Topology.ManifestHost.Manifests;
using Topology.ManifestHost.Running;

namespace Topology.ManifestHost.Ingress;

/// <summary>
/// A manifest for a platform that gives each resource an address of its own, made to run on the one address of this machine:
/// every process has ports of its own, on loopback only, and others reach it through an <see cref="Entrance"/>, as they reach
/// it through the ingress there.
/// </summary>
internal sealed class Platform
{
    private const string ListenAddress = "Topology__ListenAddress";
    private const string Listeners = "Topology__Listeners__";
    private const int MaximumReplicas = 20;

    // Usual for HTTPS and HTTP without privileges; resources that are exposed besides the first have those that follow.
    private const int FirstTlsPort = 8443;
    private const int FirstCleartextPort = 8080;

    /// <param name="manifest">As it was published.</param>
    /// <param name="replicas">How many processes a resource gets; one if it is not named.</param>
    /// <exception cref="UsageException">A replica would have the name of another resource.</exception>
    public Platform(Manifest manifest, IReadOnlyDictionary<string, int> replicas)
    {
        Manifest = manifest with
        {
            Resources = manifest.Resources.ToDictionary(entry => entry.Key, entry => entry.Value is ProcessResource process ? OnLoopback(process) : entry.Value),
        };
        Replicas = [.. Manifest.Processes.SelectMany(process => Split(process, replicas.GetValueOrDefault(process.Name, 1)))];
        if (Replicas.FirstOrDefault(replica => replica.Name != replica.Of && Manifest.Resources.ContainsKey(replica.Name)) is { } taken)
            throw new UsageException($"--replicas {taken.Of}: a replica would be called '{taken.Name}', which is another resource's name in {manifest.File}.");

        // Dependents first, so that what leads to all the others has the well-known ports.
        var exposed = 0;
        Entrances =
        [
            .. from name in new DependencyGraph(Manifest).Ordered.Reverse()
               from port in Ports(manifest.Processes.First(process => process.Name == name))
               select Open(name, port.Bindings, port.Bindings.Any(binding => binding.External) ? exposed++ : null, port.IsMain),
        ];
    }

    /// <summary>The manifest as it runs here.</summary>
    public Manifest Manifest { get; }

    public IReadOnlyList<Replica> Replicas { get; }

    public IReadOnlyList<Entrance> Entrances { get; }

    /// <summary>Whether a manifest expects such a platform: two projects listen on the same port, and nothing says where others reach them.</summary>
    public static bool IsExpectedBy(Manifest manifest) => manifest.Processes.OfType<ProjectResource>()
        .SelectMany(project => project.Bindings.Values.Where(binding => binding is { IsHttp: true, Published: false, FixedPort: not null }).Select(binding => binding.FixedPort!.Value).Distinct())
        .CountBy(port => port)
        .Any(count => count.Value > 1);

    /// <summary>Reads <c>name=count</c> from the command line.</summary>
    public static IReadOnlyDictionary<string, int> ParseReplicas(IReadOnlyList<string> pairs, Manifest manifest)
    {
        if (pairs.Count > 0 && !IsExpectedBy(manifest))
            throw new UsageException($"--replicas: {manifest.File} gives each resource ports of its own, so there is no ingress to balance between replicas; use it with a manifest such as AppHost/manifests/cloud.json.");

        var counts = new Dictionary<string, int>();
        foreach (var pair in pairs)
        {
            if (pair.Split('=') is not [var name, var text] || !int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var count) || count is < 1 or > MaximumReplicas)
                throw new UsageException($"--replicas {pair}: write it as --replicas name=count, with a count from 1 to {MaximumReplicas}.");
            if (manifest.Resources.GetValueOrDefault(name) is not ProcessResource)
                throw new UsageException($"--replicas {name}: {manifest.File} has no such resource; it has {string.Join(", ", manifest.Processes.Select(process => process.Name))}.");
            counts[name] = count;
        }
        return counts;
    }

    /// <summary>Where a process itself listens, by the name of the listener, as its environment tells it.</summary>
    public static IReadOnlyDictionary<string, string> ListenersOf(IReadOnlyDictionary<string, string> environment) => environment
        .Where(entry => entry.Key.StartsWith(Listeners, StringComparison.Ordinal))
        .Select(entry => (Name: entry.Key[Listeners.Length..], Port: entry.Value))
        .ToDictionary(listener => listener.Name, listener => $"{Scheme(listener.Name)}://{ValueResolver.Host}:{listener.Port}");

    /// <summary>The entrance to a binding; null for what is not HTTP, which is reached without one.</summary>
    public Entrance? To(Binding binding) =>
        Entrances.FirstOrDefault(entrance => entrance.Resource == binding.Resource && entrance.Names.Contains(binding.Name));

    /// <summary>The HTTP ports of a process. As azd has it, the one that is external is the main ingress, else the first; the others are TCP.</summary>
    private static IEnumerable<(Binding[] Bindings, bool IsMain)> Ports(ProcessResource process)
    {
        var ports = process.Bindings.Values.Where(binding => binding.IsHttp).GroupBy(binding => binding.FixedPort, (_, bindings) => bindings.ToArray()).ToList();
        var main = ports.Find(bindings => bindings.Any(binding => binding.External)) ?? ports.FirstOrDefault();
        return ports.Select(bindings => (bindings, bindings == main));
    }

    /// <summary>
    /// The same process on loopback. A listener on a literal port, such as the one for probes, becomes a binding: each process
    /// needs a free one here.
    /// </summary>
    private static ProcessResource OnLoopback(ProcessResource process)
    {
        var environment = process.Environment.ToDictionary();
        var bindings = process.Bindings.ToDictionary();
        if (environment.ContainsKey(ListenAddress))
            environment[ListenAddress] = ValueResolver.Host;
        foreach (var (key, value) in process.Environment.Where(entry => entry.Key.StartsWith(Listeners, StringComparison.Ordinal)))
        {
            var name = key[Listeners.Length..];
            if (!int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var port) || bindings.ContainsKey(name))
                continue;
            bindings[name] = new Binding(process.Name, name, Scheme(name), "tcp", name.EndsWith("-h2", StringComparison.Ordinal) ? "http2" : "http", port);
            environment[key] = $"{{{process.Name}.bindings.{name}.targetPort}}";
        }
        return process with { Environment = environment, Bindings = bindings };
    }

    private static string Scheme(string listener) => listener.EndsWith("-tls", StringComparison.Ordinal) ? "https" : "http";

    private static IEnumerable<Replica> Split(ProcessResource process, int count) =>
        from number in Enumerable.Range(1, count)
        let name = count == 1 ? process.Name : string.Create(CultureInfo.InvariantCulture, $"{process.Name}-{number}")
        select new Replica(process with { Name = name, Bindings = OwnPorts(process.Bindings, name) }, process.Name);

    /// <summary>A free port for each port of the resource; bindings that share one there share one here. TLS ends before.</summary>
    private static Dictionary<string, Binding> OwnPorts(IReadOnlyDictionary<string, Binding> bindings, string process)
    {
        var own = bindings.Values.GroupBy(binding => (binding.IsHttp, binding.FixedPort), (_, same) => same.First())
            .ToDictionary(first => (first.IsHttp, first.FixedPort), first => first with { Resource = process, FixedPort = null });
        return bindings.ToDictionary(entry => entry.Key, entry => own[(entry.Value.IsHttp, entry.Value.FixedPort)]);
    }

    private Entrance Open(string resource, Binding[] bindings, int? exposed, bool isMain)
    {
        Binding Listen(string scheme, int firstPort) =>
            new(resource, isMain ? $"ingress {scheme}" : $"ingress {bindings[0].Name}", scheme, "tcp", "http", exposed is { } index ? firstPort + index : null, exposed is not null);

        var needsTls = isMain && (exposed is not null || bindings.Any(binding => binding.Scheme == "https"));
        return new Entrance(
            resource,
            [.. bindings.Select(binding => binding.Name)],
            bindings.Any(binding => binding.Transport == "http2"),
            Listen("http", FirstCleartextPort),
            needsTls ? Listen("https", FirstTlsPort) : null,
            [.. Replicas.Where(replica => replica.Of == resource).Select(replica => (replica, replica.Process.Bindings[bindings[0].Name]))],
            IsTcp: !isMain);
    }
}
