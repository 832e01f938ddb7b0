using System.Text.Json;
using Topology.AppHost.Rehearsal;

namespace Topology.AppHost.Tests.Publishing.Checks;

/// <summary>Resources that refer to each other in a circle: none of them can start first, and a value has no end.</summary>
internal static class CircleRules
{
    /// <param name="resources">Their references are already known to be good.</param>
    public static IEnumerable<Problem> Check(IReadOnlyDictionary<string, JsonElement> resources)
    {
        // Each text of a value is a node of its own, because a connection string may refer to another value of its own resource.
        var references = resources.SelectMany(resource => Texts(resource.Key, resource.Value))
            .GroupBy(text => text.Owner)
            .ToDictionary(
                owner => owner.Key,
                owner => owner.SelectMany(text => Targets(text.Text, resources).Select(target => (Target: target, text.Key)))
                    .Where(reference => reference.Target != owner.Key || IsValue(resources[Resource(owner.Key)]))
                    .DistinctBy(reference => reference.Target)
                    .ToArray());
        foreach (var name in resources.Keys)
            references.TryAdd(name, []);

        if (Find(references) is [var first, ..] circle)
        {
            var way = circle.Skip(1).Select(step => $"'{Resource(step.Name)}', {step.Key} → ");
            yield return new Problem(
                Resource(first.Name), first.Key, $"leads in a circle → {string.Concat(way)}'{Resource(first.Name)}'; "
                    + "remove one reference");
        }
    }

    /// <summary>What refers to each other in a circle, each with the key that leads to the next; null if nothing does.</summary>
    private static List<(string Name, string Key)>? Find(Dictionary<string, (string Target, string Key)[]> references)
    {
        var done = new HashSet<string>();
        var trail = new List<(string Name, string Key)>();
        return references.Keys.Select(Visit).FirstOrDefault(circle => circle is not null);

        List<(string Name, string Key)>? Visit(string name)
        {
            if (trail.FindIndex(step => step.Name == name) is >= 0 and var start) return trail[start..];
            if (!done.Add(name)) return null;
            foreach (var (target, key) in references[name])
            {
                trail.Add((name, key));
                if (Visit(target) is { } circle) return circle;
                trail.RemoveAt(trail.Count - 1);
            }

            return null;
        }
    }

    private static IEnumerable<(string Owner, string Key, string Text)> Texts(string name, JsonElement resource) =>
        ReferenceRules.Texts(resource).Select(entry => (IsValue(resource) ? $"{name}.{entry.Key}" : name, entry.Key, entry.Text));

    private static IEnumerable<string> Targets(string text, IReadOnlyDictionary<string, JsonElement> resources) =>
        from part in Template.Parse(text)
        where part.IsReference
        let path = part.Path
        let isValue = IsValue(resources[path[0]])
        where !(isValue && path[1] == "inputs")
        select isValue ? $"{path[0]}.{path[1]}" : path[0];

    private static bool IsValue(JsonElement resource) => resource.Text("type") is "parameter.v0" or "value.v0" or "annotated.string";

    private static string Resource(string owner) => owner.Split('.')[0];
}
