using System.Text.RegularExpressions;
using System.Xml.Linq;
using Topology.Tests.Infrastructure;

namespace Topology.AppHost.Tests.Publishing;

/// <summary>
/// <c>azure.yaml</c> as azd reads it (its cli/azd/pkg/project): an AppHost is taken only alone, in a .NET language, and for Container Apps.
/// </summary>
public sealed class AzureYamlTests
{
    private static readonly Dictionary<string, string> Fields = Read(File.ReadLines(Path.Combine(Programs.Repository, "azure.yaml")));

    [Fact]
    public void The_name_is_one_that_azd_takes() => Assert.Matches("^[a-z0-9]([-a-z0-9]*[a-z0-9])$", Fields["name"]);

    /// <summary>A field that azd does not know is left alone by it, so a mistyped one would be missed by nobody.</summary>
    [Fact]
    public void One_service_has_the_fields_that_azd_needs_and_no_others() =>
        Assert.Equal(["name", "services.app.host", "services.app.language", "services.app.project"], Fields.Keys.Order());

    [Fact]
    public void The_service_is_the_AppHost_for_Container_Apps()
    {
        Assert.Equal("containerapp", Fields["services.app.host"]);
        Assert.Contains(Fields["services.app.language"], (string[])["dotnet", "csharp", "fsharp"]);

        var project = Path.GetFullPath(Fields["services.app.project"], Programs.Repository);
        Assert.Equal(Path.Combine(Programs.Repository, "AppHost"), Path.GetDirectoryName(project));
        // azd asks the build whether it is one, and its SDK says yes.
        Assert.StartsWith("Aspire.AppHost.Sdk/", XDocument.Load(project).Root!.Attribute("Sdk")!.Value, StringComparison.Ordinal);
    }

    /// <summary>The little of YAML that the file has: keys, plain values, and levels by two spaces. Anything else fails.</summary>
    private static Dictionary<string, string> Read(IEnumerable<string> lines)
    {
        var fields = new Dictionary<string, string>();
        var above = new List<string>();
        foreach (var line in lines.Where(line => line.Trim() is not ("" or ['#', ..])))
        {
            var match = Regex.Match(line, "^(?<indent>(  )*)(?<key>[a-zA-Z]+):( (?<value>[^ #'\"{\\[&*!|>].*))?$");
            Assert.True(match.Success, line);
            above = [.. above.Take(match.Groups["indent"].Length / 2), match.Groups["key"].Value];
            if (match.Groups["value"].Success) fields.Add(string.Join('.', above), match.Groups["value"].Value);
        }

        return fields;
    }
}
