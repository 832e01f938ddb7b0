using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using NJsonSchema;
using NJsonSchema.Validation;
using Topology.Tests.Infrastructure;

namespace Topology.AppHost.Tests.Publishing.Checks;

/// <summary>
/// The manifest's public JSON schema, <c>aspire-8.0.schema.json</c>: src/Schema/aspire-8.0.json of github.com/microsoft/aspire,
/// MIT licence.
/// </summary>
internal sealed class ManifestSchema
{
    private static readonly string[] Named = ["path", "image", "context", "dockerfile", "source", "target", "scheme", "destination"];

    private readonly JsonSchema _schema;

    private ManifestSchema(JsonSchema schema) => _schema = schema;

    /// <summary>NJsonSchema has no <c>const</c> and no schemas that are <c>false</c>; what stands in for them means the same.</summary>
    public static async Task<ManifestSchema> ReadAsync()
    {
        var schema = JsonNode.Parse(
            await File.ReadAllTextAsync(
            Path.Combine(Programs.Repository, "tests", "AppHost.Tests", "Publishing", "aspire-8.0.schema.json")))!;
        Rewrite(schema);
        return new ManifestSchema(await JsonSchema.FromJsonAsync(schema.ToJsonString()));

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

    /// <summary>Everything that is wrong with the form of a resource.</summary>
    public IEnumerable<Problem> Check(string name, JsonElement resource)
    {
        var root = $"#/resources.{name}";
        return _schema.Validate($$"""{"resources": {"{{name}}": {{resource.GetRawText()}} } }""")
            .SelectMany(Innermost)
            .Select(error => new Problem(name, (error.Path ?? root)[root.Length..].TrimStart('.'), $"the schema says {error.Kind}"))
            .Concat(Empty(name, resource))
            .Concat(BadPorts(name, resource))
            .Distinct();
    }

    /// <summary>
    /// Where something is like none of the alternatives, such as the sixteen types of resources, the errors of the one that it
    /// says it is: that one does not complain of the type.
    /// </summary>
    private static IEnumerable<ValidationError> Innermost(ValidationError error)
    {
        if (error is not ChildSchemaValidationError { Errors.Values: var alternatives }) return [error];
        if (error.Kind == ValidationErrorKind.NotOneOf)
        {
            alternatives = alternatives.Where(errors => errors.All(inner => inner.Path != $"{error.Path}.type"));
        }
        return alternatives.FirstOrDefault() is { } own ? own.SelectMany(Innermost) : [error];
    }

    /// <summary>The schema takes any string.</summary>
    private static IEnumerable<Problem> Empty(string name, JsonElement resource) =>
        from entry in resource.Strings()
        where entry.Text.Length == 0 && !entry.Key.StartsWith("env.", StringComparison.Ordinal) && Named.Contains(entry.Key.Split('.')[^1])
        select new Problem(name, entry.Key, "must not be empty");

    /// <summary>The schema takes any number.</summary>
    private static IEnumerable<Problem> BadPorts(string name, JsonElement resource) =>
        from binding in resource.Members("bindings")
        from key in (string[])["port", "targetPort"]
        where binding.Value.Member(key) is { ValueKind: JsonValueKind.Number } number
            && !(number.TryGetInt32(out var port) && port is > 0 and <= IPEndPoint.MaxPort)
        select new Problem(name, $"bindings.{binding.Name}.{key}", "must be a port from 1 to 65535");
}
