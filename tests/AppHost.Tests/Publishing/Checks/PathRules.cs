using System.Text.Json;

namespace Topology.AppHost.Tests.Publishing.Checks;

/// <summary>What is built or uploaded from this machine must be there.</summary>
internal static class PathRules
{
    /// <param name="folder">The manifest's, to which paths are relative.</param>
    public static IEnumerable<Problem> Check(string name, JsonElement resource, string folder)
    {
        foreach (var (key, path, kind) in Paths(resource))
        {
            // As elsewhere in manifests, '\' stands for '/'.
            var full = Path.GetFullPath(path.Replace('\\', '/'), folder);
            if (kind switch { Kind.File => !File.Exists(full), Kind.Folder => !Directory.Exists(full), _ => !Path.Exists(full) })
                yield return new Problem(
                    name, key,
                    $"there is no {(kind == Kind.Folder ? "folder" : "file")} {full}; correct the path (it is relative to the manifest)");
        }
    }

    private static IEnumerable<(string Key, string Path, Kind Kind)> Paths(JsonElement resource)
    {
        if (resource.Text("type") is "project.v0" or "project.v1" or "dockerfile.v0" or "azure.bicep.v0" or "azure.bicep.v1"
            && resource.Text("path") is { } file)
            yield return ("path", file, Kind.File);
        if (resource.Text("context") is { } context)
            yield return ("context", context, Kind.Folder);
        if (resource.Member("deployment")?.Text("path") is { } bicep)
            yield return ("deployment.path", bicep, Kind.File);
        if (resource.Member("build") is { } build)
        {
            yield return ("build.context", build.Text("context")!, Kind.Folder);
            yield return ("build.dockerfile", build.Text("dockerfile")!, Kind.File);
            foreach (var secret in build.Members("secrets").Where(secret => secret.Value.Text("type") == "file"))
                yield return ($"build.secrets.{secret.Name}.source", secret.Value.Text("source")!, Kind.File);
        }

        foreach (var (index, mount) in resource.Member("bindMounts")?.EnumerateArray().Index() ?? [])
            yield return ($"bindMounts[{index}].source", mount.Text("source")!, Kind.Any);
    }

    private enum Kind
    {
        File,
        Folder,
        Any,
    }
}
