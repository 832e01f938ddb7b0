using System.Text.Json.Nodes;
using Topology.AppHost.Rehearsal;
using Topology.AppHost.Tests.Publishing.Checks;
using Topology.AppHost.Tests.Rehearsal;

namespace Topology.AppHost.Tests.Publishing;

/// <summary>The committed cloud manifest is fit to be deployed, and each way to spoil it is found.</summary>
public sealed class ManifestCheckTests
{
    [Theory]
    [InlineData("cloud.json", "edge")]
    [InlineData("cloud-both.json", "catalog orders media live edge")]
    public async Task The_committed_manifests_are_valid_and_can_be_rehearsed(string manifest, string exposed)
    {
        var file = ManifestFile.Committed(manifest);
        Assert.Empty(await ManifestCheck.RunAsync(file, name => exposed.Split(' ').Contains(name)));
        Assert.Equal(
            exposed.Split(' '),
            ManifestReader.Read(file).Projects.Where(project => project.Bindings.Any(binding => binding.IsExternal))
            .Select(project => project.Name));
    }

    /// <param name="resource">Whose member is set; created if there is none.</param>
    /// <param name="path">The member, by JSON pointer.</param>
    /// <param name="json">Its new value; null removes it.</param>
    /// <param name="expected">What the problem begins with.</param>
    [Theory]
    // The schema's rules.
    [InlineData("edge", "/ports", "{}", "resource 'edge', key 'ports': the schema says")]
    [InlineData("edge", "/bindings/http/hostPort", "80", "resource 'edge', key 'bindings.http.hostPort': the schema says")]
    [InlineData(
        "trustedProxies", "/inputs/value/type", "\"number\"", "resource 'trustedProxies', key 'inputs.value.type': the schema says")]
    [InlineData(
        "trustedProxies", "/inputs/value/default", "{}", "resource 'trustedProxies', key 'inputs.value.default.generate': the schema says")]
    [InlineData("trustedProxies", "/inputs/value/prompt", "true", "resource 'trustedProxies', key 'inputs.value.prompt': the schema says")]
    [InlineData("web", "", """{"type": "container.v1"}""", "resource 'web', key 'build': the schema says")]
    [InlineData("web", "", """{"type": "container.v0"}""", "resource 'web', key 'image': the schema says")]
    [InlineData("web", "", """{"type": "container.v0", "image": 5}""", "resource 'web', key 'image': the schema says")]
    [InlineData("web", "", """{"type": "container.v0", "image": ""}""", "resource 'web', key 'image': must not be empty")]
    [InlineData("web", "", """{"type": "container.v0", "image": "x", "args": "hunter2"}""", "resource 'web', key 'args': the schema says")]
    [InlineData("web", "", """{"type": "container.v0", "image": "x", "args": [5]}""", "resource 'web', key 'args[0]': the schema says")]
    [InlineData("web", "", """{"type": "container.v0", "image": "x", "env": {"N": 5}}""", "resource 'web', key 'env.N': the schema says")]
    [InlineData("web", "", """{"type": "container.v0", "image": "x", "env": null}""", "resource 'web', key 'env': the schema says")]
    [InlineData("web", "", """{"type": "container.v0", "image": "x", "bindings": {"http": null}}""", "resource 'web', key 'bindings.http': the schema says")]
    [InlineData("web", "", """{"type": "container.v0", "image": "x", "bindings": {"http": {"scheme": "http", "protocol": "hunter2", "transport": "http"}}}""", "resource 'web', key 'bindings.http.protocol': the schema says")]
    [InlineData("web", "", """{"type": "container.v0", "image": "x", "bindings": {"http": {"protocol": "tcp", "transport": "http"}}}""", "resource 'web', key 'bindings.http.scheme': the schema says")]
    [InlineData("web", "", """{"type": "container.v0", "image": "x", "bindings": {"http": {"scheme": "http", "transport": "http"}}}""", "resource 'web', key 'bindings.http.protocol': the schema says")]
    [InlineData("web", "", """{"type": "container.v0", "image": "x", "bindings": {"http": {"scheme": "http", "protocol": "tcp", "transport": "http", "targetPort": 70000}}}""", "resource 'web', key 'bindings.http.targetPort': must be a port from 1 to 65535")]
    [InlineData("web", "", """{"type": "container.v0", "image": "x", "bindMounts": [{"source": ".", "readOnly": true}]}""", "resource 'web', key 'bindMounts[0].target': the schema says")]
    [InlineData("web", "", """{"type": "container.v0", "image": "x", "volumes": [{"name": "v", "target": "/v", "readOnly": true, "size": 1}]}""", "resource 'web', key 'volumes[0].size': the schema says")]
    [InlineData("web", "", """{"type": "container.v1", "build": {}}""", "resource 'web', key 'build.dockerfile': the schema says")]
    [InlineData("web", "", """{"type": "container.v1", "build": {"context": ".", "dockerfile": "cloud.json", "secrets": {"s": {"type": "vault"}}}}""", "resource 'web', key 'build.secrets.s': the schema says")]
    [InlineData("web", "", """{"type": "dockerfile.v0", "path": 5, "context": "."}""", "resource 'web', key 'path': the schema says")]
    // What is not there.
    [InlineData("web", "", """{"type": "dockerfile.v0", "path": "none/Dockerfile", "context": "."}""", "resource 'web', key 'path': there is no file ")]
    [InlineData("web", "", """{"type": "dockerfile.v0", "path": "cloud.json", "context": "none"}""", "resource 'web', key 'context': there is no folder ")]
    [InlineData("web", "", """{"type": "container.v1", "build": {"context": "none", "dockerfile": "cloud.json"}}""", "resource 'web', key 'build.context': there is no folder ")]
    [InlineData("web", "", """{"type": "container.v1", "build": {"context": ".", "dockerfile": "none"}}""", "resource 'web', key 'build.dockerfile': there is no file ")]
    [InlineData("web", "", """{"type": "container.v1", "build": {"context": ".", "dockerfile": "cloud.json", "secrets": {"s": {"type": "file", "source": "none"}}}}""", "resource 'web', key 'build.secrets.s.source': there is no file ")]
    [InlineData("web", "", """{"type": "container.v0", "image": "x", "bindMounts": [{"source": "none", "target": "/x", "readOnly": true}]}""", "resource 'web', key 'bindMounts[0].source': there is no file ")]
    [InlineData("infra", "", """{"type": "azure.bicep.v0", "path": "none.bicep"}""", "resource 'infra', key 'path': there is no file ")]
    // Where a service listens.
    [InlineData(
        "edge", "/env/Topology__Listeners__internal", "\"{edge.bindings.http.targetPort}\"",
        "resource 'edge', key 'bindings.http.external': leads to the listener 'internal', which answers management endpoints")]
    [InlineData(
        "edge", "/env/Topology__Listeners__internal", "\"8080\"",
        "resource 'edge', key 'bindings.https.external': leads to the listener 'internal', which answers management endpoints")]
    [InlineData(
        "edge", "/env/Topology__Listeners__INTERNAL-H2", "\"8080\"",
        "resource 'edge', key 'bindings.http.external': leads to the listener 'internal-h2'")]
    [InlineData(
        "edge", "/env/Topology__Listeners__internal", "\"8080\"",
        "resource 'edge', key 'env.Topology__Listeners__internal': has the port of env.Topology__Listeners__ingress")]
    [InlineData(
        "live-grpc", "/env/Topology__Listeners__internal", "\"{live-grpc.bindings.http.targetPort}\"",
        "resource 'live-grpc', key 'env.Topology__Listeners__internal': has the port of env.Topology__Listeners__internal-h2")]
    [InlineData(
        "edge", "/env/Topology__Listeners__public", "\"8082\"",
        "resource 'edge', key 'env.Topology__Listeners__public': names no listener")]
    // References.
    [InlineData(
        "edge", "/env/X", "\"{catalgo.bindings.http.url}\"",
        "resource 'edge', key 'env.X': {catalgo.bindings.http.url} refers to 'catalgo', which is not in the manifest")]
    [InlineData(
        "edge", "/env/X", "\"{catalog.bindings.https.url}\"",
        "resource 'edge', key 'env.X': {catalog.bindings.https.url} refers to the binding 'https', which 'catalog' does not have")]
    [InlineData(
        "edge", "/env/X", "\"{catalog.bindings.http.uri}\"", "resource 'edge', key 'env.X': {catalog.bindings.http.uri} asks for 'uri'")]
    [InlineData(
        "edge", "/env/X", "\"{catalog.connectionString}\"",
        "resource 'edge', key 'env.X': {catalog.connectionString} asks for 'connectionString'")]
    [InlineData(
        "edge", "/env/X", "\"{trustedProxies.inputs.other}\"",
        "resource 'edge', key 'env.X': {trustedProxies.inputs.other} refers to the input 'other'")]
    [InlineData(
        "edge", "/env/X", "\"{catalog.replicas}\"", "resource 'edge', key 'env.X': {catalog.replicas} is nothing that a manifest offers")]
    [InlineData("edge", "/args", """["{catalog"]""", "resource 'edge', key 'args[0]': the brace at position 0 encloses no reference")]
    [InlineData("edge", "/env/X", "\"ab{hunter2}c\"", "resource 'edge', key 'env.X': the brace at position 2 encloses no reference")]
    [InlineData(
        "catalog", "/env/X", "\"{orders.bindings.http.url}\"",
        "resource 'catalog', key 'env.X': leads in a circle → 'orders', env.CATALOG_HTTP → 'catalog'; remove one reference")]
    [InlineData("a", "", """{"type": "value.v0", "connectionString": "{a.connectionString}"}""", "resource 'a', key 'connectionString': leads in a circle → 'a'; remove one reference")]
    // Who may be reached, and by whom a service is fooled.
    [InlineData(
        "catalog", "/bindings/http/external", "true", "resource 'catalog', key 'bindings.http.external': only 'edge' may be external")]
    [InlineData("edge", "/bindings", """{"http": {"scheme": "http", "protocol": "tcp", "transport": "http", "targetPort": 8080}}""", "no resource is external")]
    [InlineData(
        "edge", "/env/ASPNETCORE_FORWARDEDHEADERS_ENABLED", "\"True\"",
        "resource 'edge', key 'env.ASPNETCORE_FORWARDEDHEADERS_ENABLED': makes the service believe")]
    [InlineData(
        "edge", "/env/ASPNETCORE_ENVIRONMENT", "\"Development\"", "resource 'edge', key 'env.ASPNETCORE_ENVIRONMENT': Development answers")]
    [InlineData("edge", "/env/Topology__AllowedHosts", null, "resource 'edge', key 'env.Topology__AllowedHosts': is missing")]
    [InlineData("edge", "/env/Topology__AllowedHosts", "\"*\"", "resource 'edge', key 'env.Topology__AllowedHosts': '*' serves any host")]
    // What azd would refuse.
    [InlineData("tool", "", """{"type": "executable.v0", "command": "sh", "workingDirectory": "."}""", "resource 'tool', key 'type': azd deploys nothing of the type executable.v0")]
    [InlineData("tool", "", """{"type": "some.tool", "env": {"N": 5}, "build": 5, "bindMounts": 5, "bindings": {"http": 5}}""", "resource 'tool', key 'type': azd deploys nothing of the type some.tool")]
    [InlineData("Web", "", """{"type": "container.v0", "image": "nginx", "bindings": {"http": {"scheme": "http", "protocol": "tcp", "transport": "http"}}}""", "resource 'Web': a container app's name has")]
    [InlineData(
        "edge", "/bindings/http/port", "8080",
        "resource 'edge', key 'bindings.http.port': is 8080, but the main ingress has port 80 for http")]
    [InlineData("edge", "/bindings/https", """{"scheme": "https", "protocol": "tcp", "transport": "http", "targetPort": 8080, "port": 8443}""", "resource 'edge', key 'bindings.https.port': is 8443, but the main ingress has port 443 for https")]
    [InlineData("edge", "/bindings/more", """{"scheme": "http", "protocol": "tcp", "transport": "http", "targetPort": 8090, "external": true}""", "resource 'edge', key 'bindings.more.external': azd exposes one port of a resource")]
    [InlineData("edge", "/bindings/raw", """{"scheme": "tcp", "protocol": "tcp", "transport": "tcp", "targetPort": 9000, "external": true}""", "resource 'edge', key 'bindings.raw.external': azd exposes HTTP(S) only")]
    [InlineData("catalog", "/bindings/raw", """{"scheme": "tcp", "protocol": "tcp", "transport": "tcp"}""", "resource 'catalog', key 'bindings.raw.targetPort': is missing; azd needs it for tcp")]
    [InlineData(
        "trustedProxies", "/value", "\"{other.inputs.value}\"",
        "resource 'trustedProxies', key 'value': azd takes a parameter's inputs from the parameter itself only")]
    [InlineData("trusted-networks", "", """{"type": "parameter.v0", "value": "{trusted-networks.inputs.value}", "inputs": {"value": {"type": "string", "default": {"value": ""}}}}""", "resource 'trusted-networks': azd writes the name of a parameter with a default value into Bicep as it is; rename it")]
    // What may be secret.
    [InlineData(
        "orders", "/env/ConnectionStrings__orders", "\"Host=db;Username=orders;Password=hunter2\"",
        "resource 'orders', key 'env.ConnectionStrings__orders': looks like a secret by its form")]
    [InlineData(
        "orders", "/env/Feed", "\"https://user:hunter2@feed.example/\"",
        "resource 'orders', key 'env.Feed': looks like a secret by its form")]
    [InlineData(
        "orders", "/env/Pem", "\"-----BEGIN EC PRIVATE KEY-----\"", "resource 'orders', key 'env.Pem': looks like a secret by its form")]
    [InlineData(
        "orders", "/env/Orders__ApiKey", "\"hunter2\"", "resource 'orders', key 'env.Orders__ApiKey': looks like a secret by its name")]
    [InlineData("db-password", "", """{"type": "parameter.v0", "value": "{db-password.inputs.value}", "inputs": {"value": {"type": "string", "secret": true, "default": {"value": "hunter2"}}}}""", "resource 'db-password', key 'inputs.value.default.value': a secret has no default")]
    [InlineData("db-password", "", """{"type": "parameter.v0", "value": "{db-password.inputs.value}", "inputs": {"value": {"type": "string", "default": {"value": "hunter2"}}}}""", "resource 'db-password', key 'inputs.value.default.value': looks like a secret by its name")]
    public async Task What_is_wrong_is_said_by_resource_and_key_and_without_the_value(
        string resource, string path, string? json, string expected)
    {
        var problems = (await CheckChangedAsync(resource, path, json)).Select(problem => problem.ToString()).ToList();

        Assert.Contains(problems, problem => problem.StartsWith(expected, StringComparison.Ordinal));
        Assert.DoesNotContain(problems, problem => problem.Contains("hunter2", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("orders", "/env/ConnectionStrings__orders", "\"Host=db;Password={trustedProxies.value}\"")]
    [InlineData("orders", "/env/Orders__ApiKey", "\"{trustedProxies.value}\"")]
    [InlineData("orders", "/env/Orders__RequireToken", "\"true\"")]
    [InlineData("region-name", "", """{"type": "parameter.v0", "value": "{region-name.inputs.value}", "inputs": {"value": {"type": "string"}}}""")]
    [InlineData("live", "/bindings/https", """{"scheme": "https", "protocol": "tcp", "transport": "http", "targetPort": 8080}""")]
    [InlineData("edge", "/bindings/http/port", "80")]
    [InlineData("live-grpc", "/env/Topology__Listeners__internal", "\"0\"")]
    [InlineData("web", "", """{"type": "dockerfile.v0", "path": "cloud.json", "context": "."}""")]
    [InlineData("web", "", """{"type": "container.v1", "build": {"context": ".", "dockerfile": ".\\cloud.json"}, "bindMounts": [{"source": ".", "target": "/x", "readOnly": true}]}""")]
    [InlineData("db", "", """{"type": "parameter.v0", "value": "{db.inputs.value}", "connectionString": "Host=db;Database={db.value}", "inputs": {"value": {"type": "string"}}}""")]
    [InlineData("cache", "", """{"type": "container.v0", "image": "redis", "connectionString": "{cache.bindings.tcp.host}", "env": {"SELF": "{cache.connectionString}", "EDGE": "{edge.bindings.http.url}"}, "bindings": {"tcp": {"scheme": "tcp", "protocol": "tcp", "transport": "tcp", "targetPort": 6379}}}""")]
    [InlineData("cache", "", """{"type": "container.v0", "image": "redis", "bindings": {"tcp": {"scheme": "tcp", "protocol": "tcp", "transport": "tcp", "targetPort": 6379}}}""")]
    public async Task What_is_right_is_left_alone(string resource, string path, string json) =>
        Assert.Empty(await CheckChangedAsync(resource, path, json));

    [Fact]
    public async Task Every_problem_is_told()
    {
        using var manifest = new ManifestFile();
        manifest.Change("catalog", "/bindings/http/external", true);
        manifest.Change("catalog", "/env/Topology__AllowedHosts", "localhost");
        manifest.Change("orders", "/env/X", "{nobody.value}");

        var problems = await ManifestCheck.RunAsync(manifest.File, name => name == "edge");

        Assert.Equal(
            [("catalog", "bindings.http.external"), ("catalog", "bindings.http.external"), ("orders", "env.X")],
            problems.Select(problem => (problem.Resource, problem.Key)).Order());
    }

    private static async Task<IReadOnlyList<Problem>> CheckChangedAsync(string resource, string path, string? json)
    {
        using var copy = new ManifestFile();
        copy.Change(resource, path, json is null ? null : JsonNode.Parse(json));
        return await ManifestCheck.RunAsync(copy.File, name => name == "edge");
    }
}
