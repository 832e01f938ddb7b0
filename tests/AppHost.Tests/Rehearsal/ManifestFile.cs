using System.Text.Json.Nodes;
using Topology.Tests.Infrastructure;

namespace Topology.AppHost.Tests.Rehearsal;

/// <summary>A copy of a committed manifest that a test may change.</summary>
internal sealed class ManifestFile : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("topology-cloud-").FullName;

    public ManifestFile(string committed = "cloud.json")
    {
        var original = Committed(committed);
        var manifest = JsonNode.Parse(System.IO.File.ReadAllText(original))!;
        foreach (var (_, resource) in manifest["resources"]!.AsObject())
        {
            // Paths are relative to the file.
            if (resource!["path"] is { } path)
            {
                resource["path"] = Path.GetFullPath(path.GetValue<string>(), Path.GetDirectoryName(original)!);
            }
        }

        System.IO.File.WriteAllText(File, manifest.ToJsonString());
    }

    public string File => Path.Combine(_folder, "cloud.json");

    /// <summary>A manifest as it is committed.</summary>
    public static string Committed(string name) => Path.Combine(Programs.Repository, "AppHost", "manifests", name);

    /// <param name="resource">Created if there is none.</param>
    /// <param name="path">By JSON pointer; empty for the resource.</param>
    /// <param name="value">Null removes it.</param>
    public void Change(string resource, string path, JsonNode? value)
    {
        var manifest = JsonNode.Parse(System.IO.File.ReadAllText(File))!;
        JsonNode node = manifest["resources"]!;
        string[] steps = [resource, .. path.Split('/', StringSplitOptions.RemoveEmptyEntries)];
        foreach (var step in steps[..^1]) node = node[step] ??= new JsonObject();
        if (value is null) node.AsObject().Remove(steps[^1]);
        else node[steps[^1]] = value;
        System.IO.File.WriteAllText(File, manifest.ToJsonString());
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
