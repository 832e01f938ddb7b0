using Topology.AppHost.Rehearsal;

namespace Topology.AppHost.Tests.Rehearsal;

/// <summary>Manifests that tests write down.</summary>
internal static class ManifestText
{
    /// <summary>Reads a text as the manifest <c>m.json</c>, in a folder that has a <c>P.csproj</c>.</summary>
    public static Manifest Read(string json)
    {
        var folder = Directory.CreateTempSubdirectory("topology-manifest-");
        try
        {
            var file = Path.Combine(folder.FullName, "m.json");
            File.WriteAllText(Path.Combine(folder.FullName, "P.csproj"), "");
            File.WriteAllText(file, json);
            return ManifestReader.Read(file);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
