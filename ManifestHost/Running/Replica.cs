using Topology.ManifestHost.Manifests;

namespace Topology.ManifestHost.Running;

/// <summary>A process that a resource becomes. Most resources are one process; replicas differ in their names and ports.</summary>
/// <param name="Process">The resource under the process's own name, with the ports it listens on itself.</param>
/// <param name="Of">The resource's name in the manifest.</param>
internal sealed record Replica(ProcessResource Process, string Of)
{
    public string Name => Process.Name;

    /// <summary>The resource as it is, as one process.</summary>
    public static Replica Only(ProcessResource resource) => new(resource, resource.Name);
}
