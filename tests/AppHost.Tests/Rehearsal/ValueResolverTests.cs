using System.Text.Json;
using CsCheck;
using Topology.ManifestHost;
using Topology.ManifestHost.Manifests;

namespace Topology.Tests.ManifestHost;

public sealed class ValueResolverTests
{
    private const string Manifest = """
        {"resources": {
          "api": {"type": "executable.v0", "workingDirectory": ".", "command": "api", "bindings": {
            "http": {"scheme": "http", "protocol": "tcp", "transport": "http", "targetPort": 8001},
            "grpc": {"scheme": "https", "protocol": "tcp", "transport": "http2", "port": 8002}}},
          "web": {"type": "executable.v0", "workingDirectory": ".", "command": "web"},
          "user": {"type": "parameter.v0", "value": "{user.inputs.value}", "inputs": {"value": {"type": "string"}}},
          "user-uri": {"type": "annotated.string", "value": "{user.value}", "filter": "uri"},
          "db": {"type": "value.v0", "connectionString": "Host={api.bindings.http.host};Port={api.bindings.http.port};User={user.value}"},
          "alias": {"type": "value.v0", "connectionString": "{db.connectionString}"},
          "cache": {"type": "container.v1", "image": "redis", "bindings": {"tcp": {"scheme": "tcp", "protocol": "tcp", "transport": "tcp", "targetPort": 6379}}}
        }}
        """;

    [Theory]
    [InlineData("{api.bindings.http.url}", "http://localhost:8001")]
    [InlineData("{api.bindings.grpc.url}", "https://localhost:8002")]
    [InlineData("{api.bindings.http.host}:{api.bindings.http.port}", "localhost:8001")]
    [InlineData("{api.bindings.http.targetPort};{api.bindings.grpc.targetPort}", "8001;8002")]
    [InlineData("{api.bindings.grpc.scheme}", "https")]
    [InlineData("{user.value}", "a b/c")]
    [InlineData("{user.inputs.value}", "a b/c")]
    [InlineData("{user-uri.value}", "a%20b%2Fc")]
    [InlineData("{alias.connectionString}", "Host=localhost;Port=8001;User=a b/c")]
    [InlineData("{{literal}} {api.bindings.http.port}", "{literal} 8001")]
    [InlineData("", "")]
    public void Placeholders_become_what_they_refer_to(string text, string expected) => Assert.Equal(expected, Resolve(Manifest, "web", text));

    [Theory]
    [InlineData("{apo.bindings.http.url}", "'apo', which is not in the manifest")]
    [InlineData("{api.bindings.htp.url}", "the binding 'htp', but 'api' has only http, grpc")]
    [InlineData("{web.bindings.http.url}", "the binding 'http', but 'web' has none")]
    [InlineData("{api.bindings.http.uri}", "asks for 'uri'; a binding has url, host, port, targetPort and scheme")]
    [InlineData("{api.value}", "{api.bindings.NAME.PROPERTY}")]
    [InlineData("{db.value}", "asks for 'value', but 'db' has only connectionString")]
    [InlineData("{user.inputs.password}", "the input 'password', but 'user' has only value")]
    [InlineData("{user.bindings.http.url}", "a parameter.v0 offers {user.value}")]
    [InlineData("{cache.bindings.tcp.port}", "a container.v1, which cannot run here")]
    [InlineData("{api.bindings", "never closed")]
    public void What_cannot_be_resolved_is_an_error_that_names_file_resource_and_key(string text, string expected)
    {
        var error = Assert.Throws<UsageException>(() => Resolve(Manifest, "web", text));
        Assert.Contains("/manifest.json: resource 'web', env KEY: ", error.Message, StringComparison.Ordinal);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Fact]
    public void A_cycle_of_any_length_is_an_error_that_names_its_steps() => Gen.Int[1, 12].Sample(length =>
    {
        var values = Values(length, i => $"x{Next((i + 1) % length)}");

        var error = Assert.Throws<UsageException>(() => Resolve(values, "v0", Next(0)));

        Assert.Contains("resource 'v0', env KEY (through v0.connectionString", error.Message, StringComparison.Ordinal);
        Assert.Contains("{v0.connectionString} refers to itself", error.Message, StringComparison.Ordinal);
        Assert.All(Enumerable.Range(0, length), i => Assert.Contains($"v{i}.connectionString", error.Message, StringComparison.Ordinal));
    });

    [Fact]
    public void The_same_value_used_twice_is_no_cycle() => Gen.Int[1, 8].Sample(length =>
    {
        var values = Values(length, i => i + 1 < length ? Next(i + 1) + Next(i + 1) : "x");

        Assert.Equal(new string('x', 1 << (length - 1)), Resolve(values, "v0", Next(0)));
    });

    private static string Next(int i) => $"{{v{i}.connectionString}}";

    private static string Values(int count, Func<int, string> connectionString) => JsonSerializer.Serialize(new
    {
        resources = Enumerable.Range(0, count).ToDictionary(i => $"v{i}", i => new { type = "value.v0", connectionString = connectionString(i) }),
    });

    private static string Resolve(string json, string resource, string text)
    {
        var manifest = ManifestReader.Parse(json, Path.Combine(Path.GetTempPath(), "manifest.json"));
        return new ValueResolver(manifest, binding => binding.FixedPort!.Value, (_, _) => "a b/c").Resolve(manifest.Resources[resource], "env KEY", text);
    }
}
