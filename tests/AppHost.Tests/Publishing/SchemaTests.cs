using System.Text.Json;
using System.Text.Json.Nodes;
using NJsonSchema;
using Topology.ManifestHost.Publishing;
using Topology.ManifestHost.Running;

namespace Topology.Tests.Publishing;

/// <summary>
/// The rules beside the manifest's public JSON schema, <c>aspire-8.0.schema.json</c>: src/Schema/aspire-8.0.json of
/// github.com/microsoft/aspire, MIT licence. The rules exist because a validator's messages name sixteen alternatives where one
/// member is wrong.
/// </summary>
public sealed class SchemaTests
{
    private static readonly JsonNode?[] Replacements = [null, true, 5, "x", new JsonArray(), new JsonArray(5), new JsonObject(), new JsonObject { ["x"] = "x" }];

    private static readonly string[] Samples =
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
        """{"type": "aws.cloudformation.stack.v0", "stack-name": "x", "references": [{"target-resource": "x"}]}""",
        """{"type": "aws.cloudformation.template.v0", "stack-name": "x", "template-path": "x"}""",
        """{"type": "something.else", "x": 5}""",
    ];

    public static TheoryData<string> Resources => [.. Samples, .. Committed("cloud", "edge", "trustedProxies", "live-grpc"), .. Committed("lab", "nginx")];

    [Theory]
    [InlineData("cloud")]
    [InlineData("lab")]
    public async Task The_committed_manifests_are_valid(string shape) =>
        Assert.Empty((await SchemaAsync()).Validate(await File.ReadAllTextAsync(PathOf(shape), TestContext.Current.CancellationToken)));

    /// <summary>However one member of a resource is changed, removed or added, both find it right, or both find it wrong.</summary>
    [Theory]
    [MemberData(nameof(Resources))]
    public async Task The_rules_judge_as_the_schema_does(string resource)
    {
        var schema = await SchemaAsync();
        var differences = Changes(resource).Where(change => IsValid(schema, change) == SchemaRules.Check("r", JsonDocument.Parse(change).RootElement).Any()).ToList();

        Assert.True(IsValid(schema, resource));
        Assert.Empty(SchemaRules.Check("r", JsonDocument.Parse(resource).RootElement));
        Assert.Empty(differences);
    }

    private static bool IsValid(JsonSchema schema, string resource) => schema.Validate($$$"""{"resources": {"r": {{{resource}}}}}""").Count == 0;

    private static IEnumerable<string> Committed(string shape, params string[] names)
    {
        var resources = JsonNode.Parse(File.ReadAllText(PathOf(shape)))!["resources"]!;
        return names.Select(name => resources[name]!.ToJsonString());
    }

    private static string PathOf(string shape) => Path.Combine(Repository.Find()!.Manifests, $"{shape}.json");

    /// <summary>The resource with each of its values replaced, each of its members removed, and one added to each object.</summary>
    private static IEnumerable<string> Changes(string resource)
    {
        yield return resource.Insert(1, "\"unknown\": \"x\", ");
        foreach (var path in Paths(JsonNode.Parse(resource)!, []).ToList())
        {
            // The type itself is read before the rules, and decides which apply.
            if (path is ["type"]) continue;
            foreach (var replacement in Replacements) yield return Changed((parent, last) => Set(parent, last, replacement?.DeepClone()));
            yield return Changed((parent, last) => Remove(parent, last));
            yield return Changed((parent, last) => (Get(parent, last) as JsonObject)?.Add("unknown", "x"));

            string Changed(Action<JsonNode, object> change)
            {
                var root = JsonNode.Parse(resource)!;
                change(path[..^1].Aggregate(root, (node, step) => Get(node, step)!), path[^1]);
                return root.ToJsonString();
            }
        }
    }

    private static IEnumerable<object[]> Paths(JsonNode? node, object[] path) => node switch
    {
        JsonObject members => members.SelectMany(member => Paths(member.Value, [.. path, member.Key]).Prepend([.. path, member.Key])),
        JsonArray items => items.Index().SelectMany(item => Paths(item.Item, [.. path, item.Index]).Prepend([.. path, item.Index])),
        _ => [],
    };

    private static JsonNode? Get(JsonNode node, object step) => step is int index ? node[index] : node[(string)step];

    private static void Set(JsonNode node, object step, JsonNode? value)
    {
        if (step is int index) node[index] = value;
        else node[(string)step] = value;
    }

    private static void Remove(JsonNode node, object step)
    {
        if (step is int index) node.AsArray().RemoveAt(index);
        else node.AsObject().Remove((string)step);
    }

    /// <summary>NJsonSchema has no <c>const</c> and no schemas that are <c>false</c>; what stands in for them means the same.</summary>
    private static Task<JsonSchema> SchemaAsync()
    {
        var schema = JsonNode.Parse(File.ReadAllText(Path.Combine(Repository.Find()!.Root, "tests", "Topology.Tests", "Publishing", "aspire-8.0.schema.json")))!;
        Rewrite(schema);
        return JsonSchema.FromJsonAsync(schema.ToJsonString(), TestContext.Current.CancellationToken);

        static void Rewrite(JsonNode? node)
        {
            if (node is JsonArray items)
            {
                foreach (var item in items) Rewrite(item);
            }

            if (node is not JsonObject members) return;
            if (members["const"] is { } only)
            {
                members.Remove("const");
                members["enum"] = new JsonArray(only);
            }

            foreach (var (name, _) in (members["properties"] as JsonObject ?? []).Where(property => property.Value is JsonValue).ToList())
                members["properties"]![name] = new JsonObject { ["not"] = new JsonObject() };
            foreach (var (_, member) in members) Rewrite(member);
        }
    }
}
