using Topology.AppHost.Rehearsal;
using Topology.AppHost.Running;

namespace Topology.AppHost.Tests.Rehearsal;

public sealed class ManifestReaderTests
{
    [Theory]
    [InlineData("", "m.json is not valid JSON in line 1: ")]
    [InlineData("{\"resources\":\n  {\"é\": x}}", "m.json is not valid JSON in line 2: ")]
    [InlineData("{\"resources\": {", "m.json is not valid JSON")]
    [InlineData("""{"resources": {"a": {"type": "value.v0"}, "a": {"type": "value.v0"}}}""", "m.json is not valid JSON: Duplicate property 'a'")]
    [InlineData("[]", "key 'resources': must be an object")]
    [InlineData("{}", "key 'resources': is missing")]
    [InlineData("""{"resources": []}""", "key 'resources': must be an object")]
    [InlineData("""{"resources": {"a": 1}}""", "resource 'a': must be an object")]
    [InlineData("""{"resources": {"a": {}}}""", "resource 'a', key 'type': is missing")]
    [InlineData("""{"resources": {"a b": {"type": "value.v0"}}}""", "resource 'a b': a name consists of")]
    [InlineData("""{"resources": {"cache": {"type": "container.v1", "image": "redis"}}}""", "resource 'cache', key 'type': \"container.v1\" cannot run here")]
    [InlineData("""{"resources": {"a": {"type": "project.v0"}}}""", "resource 'a', key 'path': is missing")]
    [InlineData("""{"resources": {"a": {"type": "project.v0", "path": "none.csproj"}}}""", "resource 'a', key 'path': there is no project at ")]
    [InlineData("""{"resources": {"a": {"type": "project.v0", "path": "P.csproj", "args": "x"}}}""", "resource 'a', key 'args': must be an array")]
    [InlineData("""{"resources": {"a": {"type": "project.v0", "path": "P.csproj", "args": ["x", 1]}}}""", "resource 'a', key 'args[1]': must be a string")]
    [InlineData("""{"resources": {"a": {"type": "project.v0", "path": "P.csproj", "env": {"X": 1}}}}""", "resource 'a', key 'env.X': must be a string")]
    [InlineData("""{"resources": {"a": {"type": "project.v0", "path": "P.csproj", "bindings": {"b": {"scheme": "tcp", "protocol": "tcp", "transport": "tcp"}}}}}""", "resource 'a', key 'bindings.b.scheme': is \"tcp\"; use http or https")]
    [InlineData("""{"resources": {"a": {"type": "project.v0", "path": "P.csproj", "bindings": {"b": {"scheme": "http", "protocol": "tcp", "transport": "tcp"}}}}}""", "resource 'a', key 'bindings.b.transport': is \"tcp\"; use http or http2")]
    [InlineData("""{"resources": {"a": {"type": "project.v0", "path": "P.csproj", "bindings": {"b": {"scheme": "http", "protocol": "tcp", "transport": "http", "targetPort": 70000}}}}}""", "resource 'a', key 'bindings.b.targetPort': must be from 1 to 65535")]
    [InlineData("""{"resources": {"a": {"type": "parameter.v0", "value": "x", "inputs": {"value": {"type": "string", "default": {"generate": {}}}}}}}""", "resource 'a', key 'inputs.value.default.generate.minLength': is missing")]
    [InlineData("""{"resources": {"a": {"type": "annotated.string", "value": "x", "filter": "html"}}}""", "resource 'a', key 'filter': is \"html\"; use uri")]
    public void A_bad_manifest_is_an_error_that_names_file_resource_and_key(string json, string expected)
    {
        var error = Assert.Throws<TopologyException>(() => ManifestText.Read(json));
        Assert.Contains("m.json", error.Message, StringComparison.Ordinal);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Theory]
    [InlineData("none.json")]
    [InlineData("")]
    public void What_is_no_file_is_an_error_that_says_how_to_name_one(string name)
    {
        var file = Path.Combine(Path.GetTempPath(), name);
        var error = Assert.Throws<TopologyException>(() => ManifestReader.Read(file));
        Assert.StartsWith($"{Path.GetFullPath(file)} cannot be read: ", error.Message, StringComparison.Ordinal);
        Assert.EndsWith("Name a manifest with --Topology:Manifest=FILE.", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Theory]
    [InlineData("work/../P.csproj")]
    [InlineData(@"work\\..\\P.csproj")]
    public void Paths_are_relative_to_the_manifest(string path)
    {
        var manifest = ManifestText.Read($$"""{"resources": {"p": {"type": "project.v1", "path": "{{path}}" } } }""");
        Assert.Equal(Path.Combine(Path.GetDirectoryName(manifest.File)!, "P.csproj"), Assert.Single(manifest.Projects).Path);
    }

    [Fact]
    public void Comments_and_trailing_commas_do_no_harm() =>
        Assert.Equal("x", ManifestText.Read("""{"resources": { /* one */ "v": {"type": "value.v0", "connectionString": "x",}}}""").Values["v"].Properties["connectionString"]);

    [Fact]
    public void The_external_port_is_the_main_one_and_else_the_first()
    {
        Assert.Equal([("internal", false), ("http", true)], Ports("""{"internal": {"scheme": "http", "transport": "http", "targetPort": 2}, "http": {"scheme": "http", "transport": "http", "targetPort": 1, "external": true}, "https": {"scheme": "https", "transport": "http", "targetPort": 1, "external": true}}"""));
        Assert.Equal([("a", true), ("b", false)], Ports("""{"a": {"scheme": "http", "transport": "http", "targetPort": 1}, "b": {"scheme": "http", "transport": "http", "targetPort": 2}}"""));
        Assert.Empty(Ports("{}"));

        static IEnumerable<(string, bool)> Ports(string bindings) =>
            ManifestText.Read($$"""{"resources": {"p": {"type": "project.v0", "path": "P.csproj", "bindings": {{bindings}} } } }""").Projects[0].Ports.Select(port => (port.Name, port.IsMain));
    }
}
