namespace Topology.ManifestHost.Manifests;

/// <summary>Which process must be healthy before which starts: a resource depends on those its environment and arguments refer to.</summary>
internal sealed class DependencyGraph
{
    private readonly Dictionary<string, string[]> _dependencies;

    /// <param name="manifest">Its references are already known to be good.</param>
    /// <exception cref="UsageException">Resources depend on each other in a circle.</exception>
    public DependencyGraph(Manifest manifest)
    {
        var edges = manifest.Processes.ToDictionary(
            process => process.Name,
            process => process.Templates
                .SelectMany(template => Targets(manifest, template.Text).Select(target => (Target: target, template.Key)))
                .Where(edge => edge.Target != process.Name)
                .DistinctBy(edge => edge.Target)
                .ToArray());
        Ordered = Sort(manifest, edges);
        _dependencies = edges.ToDictionary(e => e.Key, e => e.Value.Select(edge => edge.Target).ToArray());
    }

    /// <summary>Names of all processes, each after what it depends on.</summary>
    public IReadOnlyList<string> Ordered { get; }

    public IReadOnlyList<string> DependenciesOf(string resource) => _dependencies[resource];

    public IEnumerable<string> DependentsOf(string resource) => Ordered.Where(other => _dependencies[other].Contains(resource));

    /// <summary>The processes a template refers to, directly or through values.</summary>
    public static IEnumerable<string> Targets(Manifest manifest, string text) =>
        Template.Parse(text).References.SelectMany(path => manifest.Resources[path[0]] switch
        {
            ProcessResource process => [process.Name],
            ValueResource value when value.Properties.TryGetValue(path[1], out var inner) => Targets(manifest, inner),
            _ => Enumerable.Empty<string>(),
        });

    private static List<string> Sort(Manifest manifest, Dictionary<string, (string Target, string Key)[]> edges)
    {
        var ordered = new List<string>();
        var trail = new List<(string Resource, string Key)>();

        void Visit(string name, string key)
        {
            if (ordered.Contains(name))
                return;
            if (trail.FindIndex(step => step.Resource == name) is >= 0 and var start)
            {
                var circle = trail[start..].Zip(trail[(start + 1)..].Append((Resource: name, Key: key)), (from, to) => $"resource '{from.Resource}', {to.Key}");
                throw new UsageException($"{manifest.File}: {string.Join(" → ", circle)} → '{name}': resources refer to each other in a circle, so none can start first; remove one reference.");
            }

            trail.Add((name, key));
            foreach (var (target, via) in edges[name])
                Visit(target, via);
            trail.RemoveAt(trail.Count - 1);
            ordered.Add(name);
        }

        foreach (var name in edges.Keys)
            Visit(name, "");
        return ordered;
    }
}
