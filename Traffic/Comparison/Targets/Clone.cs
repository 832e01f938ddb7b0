namespace Topology.Comparison.Targets;

/// <summary>The clone of the repository in which this program was built.</summary>
public static class Clone
{
    /// <summary>The <c>dotnet</c> that runs this process, or otherwise the one on the search path.</summary>
    public static string Dotnet =>
        Environment.ProcessPath is { } program && Path.GetFileNameWithoutExtension(program) == "dotnet" ? program : "dotnet";

    /// <summary>The folder of the solution, at or above this program or the current folder; null if there is none.</summary>
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

    /// <summary>The path of the program file that a project's Release build writes.</summary>
    /// <param name="root">The clone's folder.</param>
    /// <param name="project">The project's name, such as <c>Catalog</c>.</param>
    public static string Program(string root, string project) =>
        Path.Combine(root, "artifacts", "bin", project, "release", $"Topology.{project}.dll");
}
