using Topology.AppHost.Tests.Rehearsal;
using Topology.Tests.Infrastructure;

namespace Topology.AppHost.Tests.Publishing;

/// <summary>The AppHost as Aspire and azd call it to publish.</summary>
public sealed class CommittedManifestTests : IDisposable
{
    private const string Warning = "is directly reachable from the Internet. Use this for measurements only.";

    // Beside the committed manifests, because paths in a manifest are relative to it.
    private readonly string _published = ManifestFile.Committed($"{Guid.NewGuid():N}.json");

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public void Dispose() => File.Delete(_published);

    [Theory]
    [InlineData("cloud.json", "")]
    [InlineData("cloud.json", "", "--Topology:Exposure=edge")]
    [InlineData("cloud-both.json", "catalog orders media live", "--Topology:Exposure=both")]
    public async Task Publishing_gives_exactly_the_committed_manifest_and_names_the_backends_that_are_exposed(
        string name, string exposed, params string[] arguments)
    {
        var before = await File.ReadAllBytesAsync(ManifestFile.Committed("cloud.json"), Cancelled);

        var (code, _, error) = await PublishAsync(arguments);

        Assert.Equal(0, code);
        Assert.Equal(
            exposed.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(backend => $"Topology:Exposure=both: {backend} {Warning}"),
            error.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.TrimEnd('\r')));
        Assert.Equal(
            await File.ReadAllTextAsync(ManifestFile.Committed(name), Cancelled), await File.ReadAllTextAsync(_published, Cancelled));
        Assert.Equal(before, await File.ReadAllBytesAsync(ManifestFile.Committed("cloud.json"), Cancelled));
    }

    [Fact]
    public async Task An_exposure_that_does_not_exist_is_one_line_and_exit_code_2()
    {
        var (code, _, error) = await PublishAsync("--Topology:Exposure=all");

        Assert.Equal((2, "Topology:Exposure is \"all\"; set edge or both."), (code, Assert.Single(error.TrimEnd().Split('\n'))));
        Assert.False(File.Exists(_published));
    }

    private async Task<(int ExitCode, string Output, string Error)> PublishAsync(params string[] arguments)
    {
        using var process = Programs.Start("AppHost", ["--publisher", "manifest", "--output-path", _published, .. arguments]);
        return await Programs.EndAsync(process, Cancelled);
    }
}
