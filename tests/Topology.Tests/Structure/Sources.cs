using System.Text.RegularExpressions;
using Topology.Tests.Infrastructure;

namespace Topology.Tests.Structure;

/// <summary>A source file of the product: its namespace, the types it declares, and the code without comments and strings.</summary>
internal sealed record Source(string File, string Namespace, IReadOnlyList<string> Declares, IReadOnlyList<string> Imports, string Code);

/// <summary>The product's sources as text, and which namespace uses which. Enough to find cycles; not a compiler.</summary>
internal static partial class Sources
{
    public static IReadOnlyList<Source> All { get; } = [
        .. from folder in (string[])["AppHost", "Backends", "Edge", "Hardening", "ServiceDefaults", "Traffic"]
           from file in Directory.EnumerateFiles(Path.Combine(Programs.Repository, folder), "*.cs", SearchOption.AllDirectories)
           where !file.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal)
           let text = Comment().Replace(File.ReadAllText(file), "")
           let name = NamespaceLine().Match(text)
           where name.Success
           select new Source(
               Path.GetRelativePath(Programs.Repository, file), name.Groups[1].Value,
               [.. Declaration().Matches(text).Select(match => match.Groups[1].Value)],
               [.. Import().Matches(text).Select(match => match.Groups[1].Value)],
               Text().Replace(text, "")),
    ];

    /// <summary>Namespace to namespace, with one example each: the file and the type it mentions.</summary>
    public static Dictionary<(string From, string To), string> Uses(IReadOnlyList<Source> sources)
    {
        var homes =
            sources.SelectMany(source => source.Declares.Select(type => (type, source.Namespace))).ToLookup(
            entry => entry.type, entry => entry.Namespace);
        var uses = new Dictionary<(string, string), string>();
        foreach (var source in sources)
        {
            // A namespace sees its parents' types without importing them.
            bool Sees(string other) => other != source.Namespace
                && (source.Imports.Contains(other) || source.Namespace.StartsWith(other + ".", StringComparison.Ordinal));
            foreach (var word in Word().Matches(source.Code).Select(match => match.Value).Distinct())
            {
                foreach (var home in homes[word].Where(Sees)) uses[(source.Namespace, home)] = $"{source.File} mentions {word}";
            }
        }

        return uses;
    }

    /// <summary>The namespaces that can be reached from themselves.</summary>
    public static IReadOnlyList<string> InCycles(IEnumerable<(string From, string To)> uses)
    {
        var next = uses.ToLookup(use => use.From, use => use.To);
        return [.. next.Select(group => group.Key).Where(start => Reaches(start, start)).Order(StringComparer.Ordinal)];

        bool Reaches(string start, string goal)
        {
            var seen = new HashSet<string>();
            var open = new Stack<string>(next[start]);
            while (open.TryPop(out var at))
            {
                if (at == goal) return true;
                if (!seen.Add(at)) continue;
                foreach (var further in next[at]) open.Push(further);
            }

            return false;
        }
    }

    [GeneratedRegex(@"//.*")]
    private static partial Regex Comment();

    [GeneratedRegex("\"[^\"\n]*\"")]
    private static partial Regex Text();

    [GeneratedRegex(@"^namespace ([\w.]+);", RegexOptions.Multiline)]
    private static partial Regex NamespaceLine();

    [GeneratedRegex(@"^using (Topology\.[\w.]+);", RegexOptions.Multiline)]
    private static partial Regex Import();

    [GeneratedRegex(@"\b(?:class|struct|record|enum|interface)\s+([A-Z]\w+)")]
    private static partial Regex Declaration();

    [GeneratedRegex(@"\b[A-Z]\w+")]
    private static partial Regex Word();
}
