using System.Diagnostics;

namespace Topology.AppHost.Tests.Publishing;

public sealed class CommittedManifestTests
{
    [Theory]
    [InlineData("lab", "--Topology:Shape=lab")]
    [InlineData("cloud", "--Topology:Shape=cloud")]
    [InlineData("cloud-both", "--Topology:Shape=cloud", "--Topology:Exposure=both")]
    public async Task Publishing_gives_exactly_the_committed_manifest(string name, params string[] arguments)
    {
        var manifests = Path.Combine(Repository(), "AppHost", "manifests");
        var published = Path.Combine(manifests, $"{Guid.NewGuid():N}.json"); // Beside it, because paths in it are relative.
        try
        {
            var dll = Path.Combine(AppContext.BaseDirectory, "Topology.AppHost.dll");
            using var process = Process.Start(new ProcessStartInfo("dotnet", ["exec", dll, "--publisher", "manifest", "--output-path", published, .. arguments])
            {
                WorkingDirectory = Path.Combine(Repository(), "AppHost"),
            })!;
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
            Assert.Equal(0, process.ExitCode);
            Assert.Equal(
                await File.ReadAllTextAsync(Path.Combine(manifests, $"{name}.json"), TestContext.Current.CancellationToken),
                await File.ReadAllTextAsync(published, TestContext.Current.CancellationToken));
        }
        finally
        {
            File.Delete(published);
        }
    }

    private static string Repository()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); ; folder = folder.Parent!)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Topology.sln"))) return folder.FullName;
        }
    }
}
