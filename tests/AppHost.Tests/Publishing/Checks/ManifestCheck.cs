using System.Text.Json;

namespace Topology.AppHost.Tests.Publishing.Checks;

/// <summary>Something that is wrong with a manifest.</summary>
/// <param name="Resource">Null: the whole manifest.</param>
/// <param name="Key">Where in the resource; empty for the resource itself.</param>
/// <param name="Text">What is wrong and what to change; never a value that may be secret.</param>
internal sealed record Problem(string? Resource, string Key, string Text)
{
    public override string ToString() => (Resource, Key) switch
    {
        (null, _) => Text,
        (_, "") => $"resource '{Resource}': {Text}",
        _ => $"resource '{Resource}', key '{Key}': {Text}",
    };
}

/// <summary>Looks for everything that would make a manifest fail, or expose or tell too much, once it is deployed.</summary>
internal static class ManifestCheck
{
    /// <param name="file">The manifest; paths in it are relative to its folder.</param>
    /// <param name="exposed">Names of resources that may be reached from outside.</param>
    public static async Task<IReadOnlyList<Problem>> RunAsync(string file, Func<string, bool> exposed)
    {
        using var document = JsonDocument.Parse(await File.ReadAllTextAsync(file));
        var resources = document.RootElement.Members("resources").ToDictionary(member => member.Name, member => member.Value);
        var folder = Path.GetDirectoryName(Path.GetFullPath(file))!;
        var schema = await ManifestSchema.ReadAsync();
        var problems = new List<Problem>();
        foreach (var (name, resource) in resources)
        {
            var malformed = schema.Check(name, resource).ToList();
            problems.AddRange(malformed);
            problems.AddRange(ReferenceRules.Check(name, resource, resources));
            problems.AddRange(SecretRules.Check(name, resource));
            problems.AddRange(AzdRules.Check(name, resource));
            // These take the form for granted.
            if (malformed.Count > 0 || !AzdRules.Knows(resource)) continue;
            problems.AddRange(PathRules.Check(name, resource, folder));
            problems.AddRange(ListenerRules.Check(name, resource));
            problems.AddRange(ExposureRules.Check(name, resource, exposed));
        }

        if (problems.Count == 0) problems.AddRange(CircleRules.Check(resources));
        if (!ExposureRules.External(resources).Any())
        {
            problems.Add(new Problem(null, "", "no resource is external, so nothing could be reached from outside"));
        }
        return problems;
    }
}
