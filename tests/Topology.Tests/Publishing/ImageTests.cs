using System.Diagnostics;
using System.Text.Json;
using Topology.Tests.Infrastructure;

namespace Topology.Tests.Publishing;

/// <summary>
/// On what the SDK would build the images, as it says itself. <see cref="ContainerTests"/> build on a base of their own, which
/// tells nothing of this.
/// </summary>
public sealed class ImageTests
{
    [Theory]
    [InlineData("Backends/Catalog")]
    [InlineData("Backends/Orders")]
    [InlineData("Backends/Media")]
    [InlineData("Backends/Live")]
    [InlineData("Edge")]
    [InlineData("Traffic/Service")]
    public async Task The_base_has_no_shell_and_no_root_and_needs_no_ICU(string project)
    {
        var properties = await EvaluateAsync(project);

        // Chiseled: neither a shell nor a package manager.
        Assert.Matches("/dotnet/aspnet:10\\.0[0-9.]*-noble-chiseled$", Property("ContainerBaseImage"));
        // The project keeps the base image's user, which is not root.
        Assert.Equal("", Property("ContainerUser"));
        // The base image has no ICU. Without ICU, .NET starts only in invariant globalization mode.
        Assert.Equal("true", Property("InvariantGlobalization"));

        string? Property(string name) => properties.GetProperty(name).GetString();
    }

    private static async Task<JsonElement> EvaluateAsync(string project)
    {
        var start = BuildTools.MSBuild(
            project, "-target:ComputeContainerBaseImage", "-getProperty:ContainerBaseImage,ContainerUser,InvariantGlobalization");
        start.RedirectStandardOutput = start.RedirectStandardError = true;
        using var process = Process.Start(start)!;
        var (code, output, error) = await Programs.EndAsync(process, TestContext.Current.CancellationToken);
        Assert.True(code == 0, output + error);
        using var document = JsonDocument.Parse(output);
        return document.RootElement.GetProperty("Properties").Clone();
    }
}
