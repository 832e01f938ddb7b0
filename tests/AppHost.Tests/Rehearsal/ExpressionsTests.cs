using System.Net.Sockets;
using Aspire.Hosting.ApplicationModel;
using CsCheck;
using Microsoft.Extensions.Configuration;
using Topology.AppHost.Rehearsal;
using Topology.AppHost.Running;

namespace Topology.AppHost.Tests.Rehearsal;

/// <summary>What templates of a manifest become on this machine.</summary>
public sealed class ExpressionsTests
{
    private const int IngressPort = 9000;
    private const string Json = """
        {"resources": {
          "api": {"type": "project.v0", "path": "P.csproj", "bindings": {
            "http": {"scheme": "http", "protocol": "tcp", "transport": "http", "targetPort": 8001},
            "grpc": {"scheme": "https", "protocol": "tcp", "transport": "http2", "port": 8002}}},
          "web": {"type": "project.v0", "path": "P.csproj"},
          "user": {"type": "parameter.v0", "value": "{user.inputs.value}", "inputs": {"value": {"type": "string"}}},
          "user-uri": {"type": "annotated.string", "value": "{user.value}", "filter": "uri"},
          "login-uri": {"type": "annotated.string", "value": "{db.connectionString}&{api.bindings.http.url}", "filter": "uri"},
          "db": {"type": "value.v0", "connectionString": "Host={api.bindings.http.host};Port={api.bindings.http.port};User={user.value}"},
          "alias": {"type": "value.v0", "connectionString": "{db.connectionString}"}
        }}
        """;

    private static readonly Manifest Manifest = ManifestText.Read(Json);

    /// <summary>Others are reached through the ingress, which has 1000 more for each port; a process sees its own target port.</summary>
    [Theory]
    [InlineData("{api.bindings.http.url}", "http://localhost:9001")]
    [InlineData("{api.bindings.grpc.url}", "https://localhost:9002")]
    [InlineData("{api.bindings.http.host}:{api.bindings.http.port}", "localhost:9001")]
    [InlineData("{api.bindings.http.targetPort};{api.bindings.grpc.targetPort}", "8001;8002")]
    [InlineData("{api.bindings.grpc.scheme}", "https")]
    [InlineData("{user.value}", "a b/{c}")]
    [InlineData("{user.inputs.value}", "a b/{c}")]
    [InlineData("{user-uri.value}", "a%20b%2F%7Bc%7D")]
    [InlineData("{login-uri.value}", "Host%3Dlocalhost%3BPort%3D9001%3BUser%3Da%20b%2F%7Bc%7D%26http%3A%2F%2Flocalhost%3A9001")]
    [InlineData("{alias.connectionString}", "Host=localhost;Port=9001;User=a b/{c}")]
    [InlineData("{{literal}} {api.bindings.http.port}", "{literal} 9001")]
    [InlineData("{{literal}}", "{literal}")]
    [InlineData("no reference", "no reference")]
    public async Task Placeholders_become_what_they_refer_to(string template, string expected) =>
        Assert.Equal(expected, await ResolveAsync(Manifest, template, ("Parameters:user", "a b/{c}")));

    [Theory]
    [InlineData("{apo.bindings.http.url}", "{apo.bindings.http.url} refers to 'apo', which is not in the manifest")]
    [InlineData("{api.bindings.htp.url}", "'api' has no binding 'htp'; it has http, grpc")]
    [InlineData("{web.bindings.http.url}", "'web' has no binding 'http'; it has none")]
    [InlineData("{api.bindings.http.uri}", "asks for 'uri'; a binding has url, host, port, targetPort and scheme")]
    [InlineData("{api.value}", "a project offers {api.bindings.NAME.PROPERTY}")]
    [InlineData("{db.value}", "{db.value} is unknown; 'db' has connectionString")]
    [InlineData("{user.inputs.password}", "{user.inputs.password} is unknown; 'user' has value, inputs.value")]
    [InlineData("{user.bindings.http.url}", "{user.bindings.http.url} is unknown; 'user' has value")]
    [InlineData("{api.bindings", "the brace at position 0 encloses no reference")]
    public async Task What_cannot_be_resolved_is_an_error_that_names_file_resource_and_key(string template, string expected)
    {
        var error = await Assert.ThrowsAsync<TopologyException>(() => ResolveAsync(Manifest, template));
        Assert.Contains("m.json: resource 'web', key 'env.KEY': ", error.Message, StringComparison.Ordinal);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Fact]
    public Task A_circle_of_any_length_is_an_error_that_names_its_steps() => Gen.Int[1, 12].SampleAsync(async length =>
    {
        var values = Values(length, i => Next((i + 1) % length));

        var error = await Assert.ThrowsAsync<TopologyException>(() => ResolveAsync(values, Next(0)));

        Assert.Contains("resource 'web', key 'env.KEY' (through {v0.connectionString}", error.Message, StringComparison.Ordinal);
        Assert.Contains("{v0.connectionString} refers to itself", error.Message, StringComparison.Ordinal);
        Assert.All(Enumerable.Range(0, length), i => Assert.Contains(Next(i), error.Message, StringComparison.Ordinal));
    });

    [Fact]
    public Task The_same_value_used_twice_is_no_circle() => Gen.Int[1, 8].SampleAsync(async length =>
    {
        var values = Values(length, i => i + 1 < length ? Next(i + 1) + Next(i + 1) : "x");
        Assert.Equal(new string('x', 1 << (length - 1)), await ResolveAsync(values, Next(0)));
    });

    [Theory]
    [InlineData("Parameters:db-user", "given")]
    [InlineData("Parameters:db_user", "given")]
    [InlineData("Parameters:other", "default")]
    public async Task What_is_configured_wins_over_a_parameters_default(string setting, string expected) =>
        Assert.Equal(expected, await ResolveAsync(Parameter("""{"value": "default"}"""), "{db-user.value}", (setting, "given")));

    [Fact]
    public async Task A_parameter_without_value_is_an_error_that_says_how_to_give_one()
    {
        var error = await Assert.ThrowsAsync<TopologyException>(() => ResolveAsync(Parameter("{}"), "{db-user.value}"));
        Assert.EndsWith(
            "m.json: parameter 'db-user' has no value; give it with --Parameters:db-user=VALUE.", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public Task Generated_values_obey_their_rules_and_stay_the_same_within_a_run() =>
        Gen.Select(Gen.Int[1, 40], Gen.Bool, Gen.Bool, Gen.Int[0, 5], Gen.Int[0, 5], Gen.Int[0, 5]).SampleAsync(
            async (length, upper, special, minLower, minNumeric, minSpecial) =>
        {
            var rules = $$"""{"generate": {"minLength": {{length}}, "upper": {{(upper ? "true" : "false")}}, "special": {{(special ? "true" : "false")}}, "minLower": {{minLower}}, "minNumeric": {{minNumeric}}, "minSpecial": {{(special ? minSpecial : 0)}} } }""";

            var value = await ResolveAsync(Parameter(rules), "{db-user.value}\n{db-user.value}");

            var both = value!.Split('\n');
            Assert.Equal(both[0], both[1]);
            Assert.True(both[0].Length >= length);
            Assert.True(both[0].Count(char.IsAsciiLetterLower) >= minLower);
            Assert.True(both[0].Count(char.IsAsciiDigit) >= minNumeric);
            Assert.True(!special || both[0].Count(c => !char.IsAsciiLetterOrDigit(c)) >= minSpecial);
            Assert.True(upper || !both[0].Any(char.IsAsciiLetterUpper));
            Assert.True(special || both[0].All(char.IsAsciiLetterOrDigit));
        }, iter: 50);

    private static string Next(int i) => $"{{v{i}.connectionString}}";

    private static Manifest Values(int count, Func<int, string> connectionString) => new(
        "m.json",
        [new ManifestProject("web", "P.csproj", [], new Dictionary<string, string>(), [])],
        Enumerable.Range(0, count).Select(i => new ManifestValue(
                $"v{i}", new Dictionary<string, string> { ["connectionString"] = connectionString(i) }, new Dictionary<string,
                    ManifestInput>(), IsUriEncoded: false))
            .ToDictionary(value => value.Name));

    private static Manifest Parameter(string fallback) => ManifestText.Read($$"""
        {"resources": {
          "web": {"type": "project.v0", "path": "P.csproj"},
          "db-user": {"type": "parameter.v0", "value": "{db-user.inputs.value}", "inputs": {"value": {"type": "string", "default": {{fallback}} } } } } }
        """);

    private static async Task<string?> ResolveAsync(Manifest manifest, string template, params (string Key, string Value)[] settings)
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(
            settings.Select(setting => KeyValuePair.Create(setting.Key, (string?)setting.Value))).Build();
        var expressions = new Expressions(
            manifest, configuration, (_, binding) => Endpoint(binding, through: true), (_, binding) => Endpoint(binding, through: false));
        return await expressions.Resolve(manifest.Projects.Single(project => project.Name == "web"), "env.KEY", template).GetValueAsync(
            TestContext.Current.CancellationToken);
    }

    /// <summary>An endpoint that has its port already.</summary>
    private static EndpointReference Endpoint(ManifestBinding binding, bool through)
    {
        var port = binding.TargetPort!.Value + (through ? IngressPort - 8000 : 0);
        var endpoint = new EndpointAnnotation(ProtocolType.Tcp, uriScheme: binding.Scheme, name: binding.Name);
        endpoint.AllocatedEndpoint = new AllocatedEndpoint(endpoint, "localhost", port, targetPortExpression: $"{port}");
        var resource = new ProjectResource("any");
        resource.Annotations.Add(endpoint);
        return new EndpointReference(resource, endpoint);
    }
}
