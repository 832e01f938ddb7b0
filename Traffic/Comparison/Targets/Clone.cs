namespace Topology.Comparison.Targets;

/// <summary>The clone of the repository that this program was built in.</summary>
public static class Clone
{
    /// <summary>The program that runs .NET programs: the one that runs this process, if there is one.</summary>
    public static string Dotnet =>
        Environment.ProcessPath is { } program && Path.GetFileNameWithoutExtension(program) == "dotnet" ? program : "dotnet";

    /// <summary>The folder with the solution, above this program or the current folder; null if there is none.</summary>
    public static string? Root()
    {
        foreach (var from in (string[])[AppContext.BaseDirectory, Environment.CurrentDirectory])
        {
            for (var folder = new DirectoryInfo(from); folder is not null; folder = folder.Parent)
            {
                if (File.Exists(Path.Combine(folder.FullName, "Topology.sln"))) return folder.FullName;
            }
        }

        return null;
    }

    /// <summary>Where a project's program is built to.</summary>
    /// <param name="root">The clone's folder.</param>
    /// <param name="project">The project's name, such as <c>Catalog</c>.</param>
    public static string Program(string root, string project) =>
        Path.Combine(root, "artifacts", "bin", project, "release", $"Topology.{project}.dll");
}
