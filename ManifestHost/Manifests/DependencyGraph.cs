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
        Ordered = ReferenceOrder.Of(edges, out var circle);
        if (circle is [var first, ..])
            throw new UsageException($"{manifest.File}: {string.Join(" → ", circle.Select(step => $"resource '{step.Name}', {step.Key}"))} → '{first.Name}': resources refer to each other in a circle, so none can start first; remove one reference.");
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
}
