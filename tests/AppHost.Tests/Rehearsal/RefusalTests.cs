using Topology.Tests.Infrastructure;

namespace Topology.AppHost.Tests.Rehearsal;

/// <summary>What the AppHost answers to a manifest that cannot be rehearsed: one line that says what to change, and exit code 2.</summary>
public sealed class RefusalTests : IDisposable
{
    private readonly ManifestFile _manifest = new();

    public void Dispose() => _manifest.Dispose();

    [Theory]
    [InlineData("none.json", "", "none.json cannot be read: ")]
    [InlineData("", "--Topology:Replicas:catalog=0", "Topology:Replicas:catalog is \"0\"; give a number from 1 to 20.")]
    [InlineData("", "--Topology:Replicas:nobody=2", "Topology:Replicas:nobody: the manifest has no such project; it has catalog, ")]
    public async Task Bad_settings_are_one_line(string file, string setting, string expected) =>
        Assert.Contains(expected, await RefuseAsync(file.Length > 0 ? file : _manifest.File, setting), StringComparison.Ordinal);

    [Theory]
    [InlineData(
        "orders", "/env/X", "\"{catalgo.bindings.http.url}\"",
        "resource 'orders', key 'env.X': {catalgo.bindings.http.url} refers to 'catalgo', which is not in the manifest.")]
    [InlineData("cache", "", """{"type": "container.v1", "image": "redis"}""", "resource 'cache', key 'type': \"container.v1\" cannot run here; projects, parameters and values can.")]
    [InlineData(
        "trustedProxies", "/inputs/value/default", null,
        "parameter 'trustedProxies' has no value; give it with --Parameters:trustedProxies=VALUE.")]
    public async Task A_bad_manifest_is_one_line_that_names_file_and_place(string resource, string path, string? json, string expected)
    {
        _manifest.Change(resource, path, json is null ? null : System.Text.Json.Nodes.JsonNode.Parse(json));
        Assert.Equal($"{_manifest.File}: {expected}", await RefuseAsync(_manifest.File, ""));
    }

    private static async Task<string> RefuseAsync(string manifest, string setting)
    {
        using var process = Programs.Start(
            "AppHost",
                [$"--Topology:Manifest={manifest}", "--Topology:Ports=dynamic", "--Topology:Dashboard=false", .. setting.Length > 0
                ? (string[])[setting] : []]);
        var (code, _, error) = await Programs.EndAsync(process, TestContext.Current.CancellationToken);
        Assert.Equal(2, code);
        Assert.Empty(Directory.GetDirectories(Path.GetTempPath(), $"topology-{process.Id}-*"));
        return Assert.Single(error.TrimEnd().Split('\n'));
    }
}
