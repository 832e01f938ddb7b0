using System.Text.Json;
using System.Text.Json.Nodes;
using Topology.AppHost.Tests.Publishing.Checks;

namespace Topology.AppHost.Tests.Publishing;

/// <summary>The manifest's public JSON schema, as these tests read it.</summary>
public sealed class SchemaTests
{
    public static TheoryData<string> Samples =>
    [
        """{"type": "project.v1", "path": "x", "deployment": {"type": "azure.bicep.v0", "path": "x", "params": {"p": "x"}}, "args": ["x"], "containerFiles": {"f": {"destination": "x", "sources": ["x"]}}}""",
        """{"type": "container.v0", "image": "x", "entrypoint": "x", "args": ["x"], "connectionString": "x", "env": {"E": "x"}, "bindings": {"tcp": {"scheme": "tcp", "protocol": "tcp", "transport": "tcp", "targetPort": 1, "port": 1, "external": true}}, "bindMounts": [{"source": "x", "target": "x", "readOnly": true}], "volumes": [{"name": "x", "target": "x", "readOnly": true}]}""",
        """{"type": "container.v1", "image": "x", "deployment": {"type": "azure.bicep.v1", "path": "x"}}""",
        """{"type": "container.v1", "build": {"context": "x", "dockerfile": "x", "stage": "x", "buildOnly": true, "args": {"A": "x"}, "secrets": {"e": {"type": "env", "value": "x"}, "f": {"type": "file", "source": "x"}}}}""",
        """{"type": "dockerfile.v0", "path": "x", "context": "x", "env": {"E": "x"}, "buildArgs": {"A": "x"}}""",
        """{"type": "parameter.v0", "value": "x", "connectionString": "x", "inputs": {"value": {"type": "string", "secret": true, "default": {"generate": {"minLength": 1, "lower": true, "minLower": 1}}}}}""",
        """{"type": "value.v0", "connectionString": "x"}""",
        """{"type": "annotated.string", "value": "x", "filter": "uri"}""",
        """{"type": "azure.bicep.v0", "path": "x", "connectionString": "x", "params": {"p": "x"}}""",
        """{"type": "azure.bicep.v1", "path": "x", "scope": {"resourceGroup": "x", "subscription": "x", "tenant": "current"}}""",
        """{"type": "dapr.v0", "dapr": {"application": "x", "appId": "x", "components": ["x"]}}""",
        """{"type": "dapr.component.v0", "daprComponent": {"type": "x"}}""",
    ];

    [Theory]
    [MemberData(nameof(Samples))]
    public async Task A_resource_of_each_type_is_right_and_wrong_with_a_member_that_is_unknown(string resource)
    {
        var schema = await ManifestSchema.ReadAsync();
        Assert.Empty(schema.Check("r", JsonDocument.Parse(resource).RootElement));

        var changed = JsonNode.Parse(resource)!;
        changed["unknown"] = "x";
        Assert.Equal("unknown", Assert.Single(schema.Check("r", JsonSerializer.SerializeToElement(changed))).Key);
    }

    [Fact]
    public async Task A_type_that_the_schema_does_not_know_is_left_open() =>
        Assert.Empty((await ManifestSchema.ReadAsync()).Check("r", JsonDocument.Parse("""{"type": "something.else", "x": 5}""").RootElement));
}
