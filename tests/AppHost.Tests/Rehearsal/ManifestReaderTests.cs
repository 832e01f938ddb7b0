using Topology.ManifestHost;
using Topology.ManifestHost.Manifests;

namespace Topology.Tests.ManifestHost;

public sealed class ManifestReaderTests
{
    [Theory]
    [InlineData("", "/m.json is not valid JSON")]
    [InlineData("{\"resources\":\n  {\"é\": x}}", "/m.json is not valid JSON: line 2, column 9: ")]
    [InlineData("{\"resources\": {", "; correct it there, or publish the manifest again.")]
    [InlineData("[]", "/m.json: must be an object")]
    [InlineData("{}", "/m.json: key 'resources': is missing")]
    [InlineData("""{"resources": []}""", "/m.json: key 'resources': must be an object")]
    [InlineData("""{"resources": {"a": 1}}""", "resource 'a': must be an object")]
    [InlineData("""{"resources": {"a": {}}}""", "resource 'a', key 'type': is missing")]
    [InlineData("""{"resources": {"a b": {"type": "x"}}}""", "resource 'a b': a resource's name consists of")]
    [InlineData("""{"resources": {"a": {"type": "x"}, "a": {"type": "x"}}}""", "is not valid JSON: ")]
    [InlineData("""{"resources": {"a": {"type": "project.v0"}}}""", "resource 'a', key 'path': is missing")]
    [InlineData("""{"resources": {"a": {"type": "project.v0", "path": "none.csproj"}}}""", "resource 'a', key 'path': there is no project at /none.csproj")]
    [InlineData("""{"resources": {"a": {"type": "executable.v0", "command": "x", "workingDirectory": "none"}}}""", "resource 'a', key 'workingDirectory': there is no folder /none")]
    [InlineData("""{"resources": {"a": {"type": "executable.v0", "workingDirectory": "."}}}""", "resource 'a', key 'command': is missing")]
    [InlineData("""{"resources": {"a": {"type": "executable.v0", "command": "x", "workingDirectory": ".", "args": "x"}}}""", "resource 'a', key 'args': must be an array")]
    [InlineData("""{"resources": {"a": {"type": "executable.v0", "command": "x", "workingDirectory": ".", "args": ["x", 1]}}}""", "resource 'a', key 'args[1]': must be a string")]
    [InlineData("""{"resources": {"a": {"type": "executable.v0", "command": "x", "workingDirectory": ".", "env": {"X": 1}}}}""", "resource 'a', key 'env.X': must be a string")]
    [InlineData("""{"resources": {"a": {"type": "executable.v0", "command": "x", "workingDirectory": ".", "bindings": {"b": {"scheme": "http", "protocol": "sctp", "transport": "http"}}}}}""", "resource 'a', key 'bindings.b.protocol': is 'sctp' but must be one of: tcp, udp")]
    [InlineData("""{"resources": {"a": {"type": "executable.v0", "command": "x", "workingDirectory": ".", "bindings": {"b": {"scheme": "http", "protocol": "tcp", "transport": "http", "targetPort": 70000}}}}}""", "resource 'a', key 'bindings.b.targetPort': must be a port from 1 to 65535")]
    [InlineData("""{"resources": {"a": {"type": "parameter.v0", "value": "x", "inputs": {"value": {"type": "string", "default": {"generate": {}}}}}}}""", "resource 'a', key 'inputs.value.default.generate.minLength': is missing")]
    [InlineData("""{"resources": {"a": {"type": "annotated.string", "value": "x", "filter": "html"}}}""", "resource 'a', key 'filter': 'html' is not a known filter")]
    public void A_bad_manifest_is_an_error_that_names_file_resource_and_key(string json, string expected)
    {
        var error = Assert.Throws<UsageException>(() => ManifestReader.Parse(json, "/m.json"));
        Assert.StartsWith("/m.json", error.Message, StringComparison.Ordinal);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Theory]
    [InlineData("/none/m.json", "/none/m.json does not exist; name a manifest that does.")]
    [InlineData("/", "/ is a folder; name a manifest in it.")]
    public void What_is_no_file_is_an_error_that_says_what_to_name(string file, string expected)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Paths there begin with a drive.");
        Assert.Equal(expected, Assert.Throws<UsageException>(() => ManifestReader.Read(file)).Message);
    }

    [Fact]
    public void Paths_are_relative_to_the_manifest()
    {
        using var trial = new TrialManifest();
        Directory.CreateDirectory(Path.Combine(trial.Folder, "work"));
        File.WriteAllText(Path.Combine(trial.Folder, "P.csproj"), "");
        trial.Add("p", new { type = "project.v1", path = "work/../P.csproj" })
            .Add("e", new { type = "executable.v0", command = "./tool", workingDirectory = "work" });

        var manifest = trial.Read();

        Assert.Equal(Path.Combine(trial.Folder, "P.csproj"), Assert.IsType<ProjectResource>(manifest.Resources["p"]).ProjectFile);
        var executable = Assert.IsType<ExecutableResource>(manifest.Resources["e"]);
        Assert.Equal(Path.Combine(trial.Folder, "work"), executable.WorkingDirectory);
        Assert.Equal(Path.Combine(trial.Folder, "tool"), executable.Command);
    }

    [Fact]
    public void What_cannot_run_here_is_kept_by_name_and_type()
    {
        using var trial = new TrialManifest().Add("cache", new { type = "container.v1", image = "redis" });
        Assert.Equal(new Resource("cache", "container.v1"), trial.Read().Resources["cache"]);
    }
}
