namespace Topology.ManifestHost.Manifests;

/// <summary>An order in which everything comes after what it refers to.</summary>
internal static class ReferenceOrder
{
    /// <param name="references">For each name, what it refers to and under which key.</param>
    /// <param name="circle">Empty, or what refers to each other in a circle, each with the key that leads to the next; then there is no order.</param>
    public static IReadOnlyList<string> Of(IReadOnlyDictionary<string, (string Target, string Key)[]> references, out IReadOnlyList<(string Name, string Key)> circle)
    {
        var ordered = new List<string>();
        var trail = new List<(string Name, string Key)>();
        List<(string Name, string Key)> found = [];

        void Visit(string name)
        {
            if (found.Count > 0 || ordered.Contains(name))
                return;
            if (trail.FindIndex(step => step.Name == name) is >= 0 and var start)
            {
                found = trail[start..];
                return;
            }

            foreach (var (target, key) in references[name])
            {
                trail.Add((name, key));
                Visit(target);
                trail.RemoveAt(trail.Count - 1);
            }
            ordered.Add(name);
        }

        foreach (var name in references.Keys)
            Visit(name);
        circle = found;
        return ordered;
    }
}
