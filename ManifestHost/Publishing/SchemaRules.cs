using System.Text.Json;

namespace Topology.ManifestHost.Publishing;

/// <summary>Which members each type of resource has, as the manifest's public JSON schema (aspire-8.0) says; it allows no others.</summary>
internal static class SchemaRules
{
    private static readonly Dictionary<string, (string[] Required, string[] Optional)> Types = new()
    {
        ["project.v0"] = (["path"], ["args", "env", "bindings", "containerFiles"]),
        ["project.v1"] = (["path"], ["deployment", "args", "env", "bindings", "containerFiles"]),
        ["executable.v0"] = (["workingDirectory", "command"], ["args", "env", "bindings", "containerFiles"]),
        ["container.v0"] = (["image"], ["entrypoint", "args", "connectionString", "env", "bindings", "bindMounts", "volumes", "containerFiles"]),
        ["container.v1"] = ([], ["image", "build", "entrypoint", "deployment", "args", "connectionString", "env", "bindings", "bindMounts", "volumes", "containerFiles"]),
        ["dockerfile.v0"] = (["path", "context"], ["env", "bindings", "buildArgs"]),
        ["parameter.v0"] = (["value", "inputs"], ["connectionString"]),
        ["value.v0"] = (["connectionString"], []),
        ["annotated.string"] = (["value", "filter"], []),
    };

    private static readonly string[] Binding = ["scheme", "protocol", "transport", "external", "targetPort", "port"];
    private static readonly string[] Input = ["type", "secret", "default"];

    public static IEnumerable<Problem> Check(string name, JsonElement resource)
    {
        var type = resource.Text("type")!;
        if (!Types.TryGetValue(type, out var known))
            yield break; // An extension, which the schema leaves open.

        foreach (var missing in known.Required.Where(key => resource.Member(key) is null))
            yield return new Problem(name, missing, $"is missing; a {type} needs it");
        foreach (var member in resource.EnumerateObject().Where(member => member.Name != "type" && !known.Required.Contains(member.Name) && !known.Optional.Contains(member.Name)))
            yield return new Problem(name, member.Name, $"is unknown in a {type}; remove it");
        if (type == "container.v1" && resource.Member("image") is null == resource.Member("build") is null)
            yield return new Problem(name, "image", "a container.v1 has either an image or a build");

        foreach (var binding in resource.Members("bindings"))
        {
            foreach (var unknown in binding.Value.EnumerateObject().Where(member => !Binding.Contains(member.Name)))
                yield return new Problem(name, $"bindings.{binding.Name}.{unknown.Name}", "is unknown in a binding; remove it");
        }
        foreach (var input in resource.Members("inputs"))
        {
            if (input.Value.Text("type") is not "string")
                yield return new Problem(name, $"inputs.{input.Name}.type", "must be \"string\"");
            foreach (var unknown in input.Value.EnumerateObject().Where(member => !Input.Contains(member.Name)))
                yield return new Problem(name, $"inputs.{input.Name}.{unknown.Name}", "is unknown in an input; remove it");
            if (input.Value.Member("default") is { } fallback && fallback.Member("value") is null == fallback.Member("generate") is null)
                yield return new Problem(name, $"inputs.{input.Name}.default", "has either a value or rules to generate one");
        }
    }
}
