using System.Xml.Linq;
using Topology.Tests.Infrastructure;

namespace Topology.Tests.Structure;

/// <summary>The structure that docs/architecture.md describes, as far as a machine can check it.</summary>
public sealed class StructureTests
{
    private const int LongestFile = 250;
    private const int LongestProgram = 35;
    private const int LongestLine = 140;

    [Fact]
    public void No_namespace_depends_on_itself_through_others()
    {
        Assert.NotEmpty(Sources.All);
        var uses = Sources.Uses(Sources.All);
        var cycle = Sources.InCycles(uses.Keys);
        Assert.True(
            cycle.Count == 0,
            string.Join(
            '\n', from use in uses
                  where cycle.Contains(use.Key.From)
            && cycle.Contains(use.Key.To)
                  select $"{use.Key.From} -> {use.Key.To}: {use.Value}"));
    }

    [Fact]
    public void A_cycle_of_namespaces_is_found()
    {
        Source[] sources = [
            new("a.cs", "Topology.A", ["First"], [], "Second"),
            new("b.cs", "Topology.A.B", ["Second"], [], "First"),
            new("c.cs", "Topology.C", [], ["Topology.A"], "First"),
        ];
        Assert.Empty(Sources.InCycles(Sources.Uses(sources).Keys));
        sources[0] = sources[0] with { Imports = ["Topology.A.B"] };
        Assert.Equal(["Topology.A", "Topology.A.B"], Sources.InCycles(Sources.Uses(sources).Keys));
    }

    [Theory]
    [InlineData("Hardening", "")]
    [InlineData("ServiceDefaults", "Hardening")]
    [InlineData("Traffic/Comparison", "ServiceDefaults")]
    [InlineData("Traffic/Claims", "Comparison")]
    [InlineData("Traffic/Service", "Claims")]
    [InlineData("Traffic/CommandLine", "Claims")]
    [InlineData("tests/HardenedApp", "Hardening")]
    public void A_project_refers_only_to_the_layer_below(string folder, string expected)
    {
        var project = XDocument.Load(Directory.GetFiles(Path.Combine(Programs.Repository, folder), "*.csproj").Single());
        var references = project.Descendants("ProjectReference")
            .Select(reference => Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value));
        Assert.Equal(expected.Split(' ', StringSplitOptions.RemoveEmptyEntries), references);
    }

    [Fact]
    public void Files_programs_and_lines_stay_short()
    {
        var faults =
            from folder in (string[])["AppHost", "Backends", "Edge", "Hardening", "ServiceDefaults", "Traffic", "tests"]
            from pattern in (string[])["*.cs", "*.razor"]
            from file in Directory.EnumerateFiles(Path.Combine(Programs.Repository, folder), pattern, SearchOption.AllDirectories)
            let name = Path.GetRelativePath(Programs.Repository, file)
            let lines = File.ReadAllLines(file)
            from fault in Faults(name, lines)
            select fault;
        Assert.Empty(faults);

        // A case of a test, and a pattern, are one piece of data each.
        static bool IsData(string line) => line.Contains("[InlineData(", StringComparison.Ordinal) || line.Contains("[GeneratedRegex(", StringComparison.Ordinal);

        static IEnumerable<string> Faults(string name, string[] lines)
        {
            var most = Path.GetFileName(name) == "Program.cs" ? LongestProgram : LongestFile;
            if (!name.StartsWith("tests", StringComparison.Ordinal) && lines.Length > most)
            {
                yield return $"{name} has {lines.Length} lines; {most} are allowed.";
            }
            var isData = false; // Raw strings hold data, which keeps its own line ends.
            foreach (var (index, line) in lines.Index())
            {
                var quotes = line.Split("\"\"\"").Length - 1;
                isData ^= quotes % 2 == 1;
                if (line.Length <= LongestLine || isData || quotes > 0 || IsData(line)) continue;
                yield return $"{name}:{index + 1} has {line.Length} characters; {LongestLine} are allowed.";
            }
        }
    }
}
