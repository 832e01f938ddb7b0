using System.Text.Json.Nodes;
using Topology.ManifestHost.Publishing;
using Topology.ManifestHost.Running;

namespace Topology.Tests.Publishing;

/// <summary>A copy of a committed cloud manifest that a test may change.</summary>
internal sealed class ManifestFile : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("topology-cloud-").FullName;

    public ManifestFile(string committed = "cloud.json") => ManifestCopy.Write(Path.Combine(Repository.Find()!.Manifests, committed), File);

    public string File => Path.Combine(_folder, "cloud.json");

    /// <param name="resource">Created if there is none.</param>
    /// <param name="path">By JSON pointer; empty for the resource.</param>
    /// <param name="value">Null removes it.</param>
    public void Change(string resource, string path, JsonNode? value)
    {
        var manifest = JsonNode.Parse(System.IO.File.ReadAllText(File))!;
        JsonNode node = manifest["resources"]!;
        string[] steps = [resource, .. path.Split('/', StringSplitOptions.RemoveEmptyEntries)];
        foreach (var step in steps[..^1])
            node = node[step] ??= new JsonObject();
        if (value is null) node.AsObject().Remove(steps[^1]);
        else node[steps[^1]] = value;
        System.IO.File.WriteAllText(File, manifest.ToJsonString());
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
