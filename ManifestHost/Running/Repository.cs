namespace Topology.ManifestHost.Running;

/// <summary>Where things are in the repository this program belongs to.</summary>
/// <param name="Root">Absolute path of the folder that holds AppHost/.</param>
internal sealed record Repository(string Root)
{
    private static readonly string LabManifestPath = Path.Combine("AppHost", "manifests", "lab.json");

    public string LabManifest => Path.Combine(Root, LabManifestPath);

    public string AppHost => Path.Combine(Root, "AppHost");

    public string Manifests => Path.Combine(AppHost, "manifests");

    /// <summary>What is generated; may be deleted at any time.</summary>
    public string Artifacts => Path.Combine(Root, "artifacts");

    /// <summary>Looks upwards from the current folder, then from where this program lies.</summary>
    public static Repository? Find() => Ancestors(Environment.CurrentDirectory)
        .Concat(Ancestors(AppContext.BaseDirectory))
        .Where(folder => File.Exists(Path.Combine(folder, LabManifestPath)))
        .Select(folder => new Repository(folder))
        .FirstOrDefault();

    private static IEnumerable<string> Ancestors(string folder)
    {
        for (var current = new DirectoryInfo(folder); current is not null; current = current.Parent)
            yield return current.FullName;
    }
}
