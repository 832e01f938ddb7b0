using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Topology.ManifestHost.Publishing;

/// <summary>A manifest in another folder: the same but for its paths, which are relative to the file.</summary>
internal static class ManifestCopy
{
    // As Aspire writes it, so that a copy beside the original is the original.
    private static readonly JsonSerializerOptions Format = new() { WriteIndented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static void Write(string from, string to)
    {
        var manifest = JsonNode.Parse(File.ReadAllText(from))!;
        var (oldFolder, newFolder) = (Path.GetDirectoryName(from)!, Path.GetDirectoryName(to)!);
        foreach (var (_, resource) in manifest["resources"]!.AsObject())
        {
            foreach (var (node, key) in (IEnumerable<(JsonNode?, string)>)
                [(resource, "path"), (resource, "workingDirectory"), (resource, "context"), (resource?["build"], "context"), (resource?["build"], "dockerfile")])
            {
                if (node?[key] is JsonValue value && value.GetValue<string>() is var path && !Path.IsPathRooted(path))
                    node[key] = Path.GetRelativePath(newFolder, Path.GetFullPath(path.Replace('\\', '/'), oldFolder)).Replace('\\', '/');
            }
        }

        Directory.CreateDirectory(newFolder);
        File.WriteAllText(to, manifest.ToJsonString(Format));
    }
}
