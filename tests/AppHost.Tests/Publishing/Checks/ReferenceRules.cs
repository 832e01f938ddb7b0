using System.Text.Json;
using Topology.AppHost.Rehearsal;

namespace Topology.AppHost.Tests.Publishing.Checks;

/// <summary>Every reference must lead to something, whether or not that could run on this machine.</summary>
internal static class ReferenceRules
{
    private static readonly string[] BindingProperties =
        ["url", "host", "port", "targetPort", "scheme", "protocol", "transport", "external"];
    private static readonly string[] Literal = ["type", "path", "command", "workingDirectory", "context", "image", "filter"];

    /// <summary>Every text that may hold references, with its key.</summary>
    public static IEnumerable<(string Key, string Text)> Texts(JsonElement resource) =>
        resource.Strings().Where(entry => !Literal.Contains(entry.Key));

    public static IEnumerable<Problem> Check(string name, JsonElement resource, IReadOnlyDictionary<string, JsonElement> resources)
    {
        foreach (var (key, text) in Texts(resource))
        {
            IReadOnlyList<TemplatePart> parts = [];
            string? malformed = null;
            try
            {
                parts = Template.Parse(text);
            }
            catch (FormatException exception)
            {
                malformed = exception.Message;
            }

            if (malformed is not null) yield return new Problem(name, key, malformed);
            foreach (var reference in parts.Where(part => part.IsReference))
            {
                if (Wrong(reference.Path, resources) is { } problem)
                {
                    yield return new Problem(name, key, $"{{{string.Join('.', reference.Path)}}} {problem}");
                }
            }
        }
    }

    private static string? Wrong(string[] path, IReadOnlyDictionary<string, JsonElement> resources)
    {
        if (!resources.TryGetValue(path[0], out var target))
            return $"refers to '{path[0]}', which is not in the manifest";

        return path switch
        {
            [_, "bindings", var binding, var property] =>
                target.Member("bindings")?.Member(binding) is null ? $"refers to the binding '{binding}', which '{path[0]}' does not have"
                : BindingProperties.Contains(property) ? null
                : $"asks for '{property}'; a binding has {string.Join(", ", BindingProperties)}",
            [_, "inputs", var input] =>
                target.Member("inputs")?.Member(input) is null ? $"refers to the input '{input}', which '{path[0]}' does not have" : null,
            [_, "value" or "connectionString"] =>
                target.Member(path[1]) is null ? $"asks for '{path[1]}', which '{path[0]}' does not have" : null,
            [_, "outputs" or "secretOutputs", _] when target.Text("type")!.StartsWith("azure.bicep", StringComparison.Ordinal) => null,
            [_, "containerImage" or "containerPort"] => null,
            _ => "is nothing that a manifest offers",
        };
    }
}
