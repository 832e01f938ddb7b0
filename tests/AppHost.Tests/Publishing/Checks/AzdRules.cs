using System.Text.Json;
using System.Text.RegularExpressions;

namespace Topology.AppHost.Tests.Publishing.Checks;

/// <summary>
/// What the Azure Developer CLI makes of a manifest (its cli/azd/pkg/apphost): bindings of one target port are one group;
/// one HTTP group becomes the container app's main ingress, the others additional ports.
/// </summary>
internal static partial class AzdRules
{
    private const int MaximumAdditionalPorts = 5;

    private static readonly string[] Types = [
        "project.v0", "project.v1", "container.v0", "container.v1", "dockerfile.v0", "dapr.v0", "dapr.component.v0",
        "parameter.v0", "value.v0", "annotated.string", "azure.bicep.v0", "azure.bicep.v1",
    ];

    /// <summary>Whether azd knows the type of a resource.</summary>
    public static bool Knows(JsonElement resource) => Types.Contains(resource.Text("type"));

    public static IEnumerable<Problem> Check(string name, JsonElement resource)
    {
        var type = resource.Text("type");
        if (!Knows(resource))
        {
            return [new Problem(name, "type", $"azd deploys nothing of the type {type}; leave the resource out of what is published")];
        }
        if (type == "parameter.v0") return Parameter(name, resource);
        return resource.Member("bindings") is { ValueKind: JsonValueKind.Object } ? [.. Name(name), .. Ingress(name, resource)] : [];
    }

    /// <summary>A container app's name.</summary>
    private static IEnumerable<Problem> Name(string name)
    {
        if (!ContainerAppName().IsMatch(name) || name.Contains("--", StringComparison.Ordinal))
            yield return new Problem(
                name, "", "a container app's name has 2 to 32 lower-case letters, digits and single hyphens, and starts with a letter");
    }

    private static IEnumerable<Problem> Parameter(string name, JsonElement resource)
    {
        if (resource.Text("value") is { } value && InputReference().Match(value) is { Success: true } match
            && match.Groups["resource"].Value != name)
            yield return new Problem(name, "value", "azd takes a parameter's inputs from the parameter itself only");
        if (!BicepIdentifier().IsMatch(name)
            && resource.Members("inputs").Any(input => input.Value.Member("default")?.Member("value") is not null))
            yield return new Problem(
                name, "",
                "azd writes the name of a parameter with a default value into Bicep as it is; rename it to letters, digits and "
                + "underscores, such as camelCase");
    }

    private static IEnumerable<Problem> Ingress(string name, JsonElement resource)
    {
        var groups = resource.Members("bindings")
            .Select((binding, order) => new Port(binding.Name, order, binding.Value))
            .GroupBy(port => port.Target)
            .Select(group => new Group([.. group]))
            .ToList();

        foreach (var port in groups.SelectMany(group => group.Ports).Where(port => port is { Scheme: "tcp", Target: null }))
            yield return new Problem(name, $"bindings.{port.Name}.targetPort", "is missing; azd needs it for tcp");
        foreach (var group in groups.Where(group => group is { External: true, IsHttp: false }))
            yield return new Problem(name, $"bindings.{group.Ports[0].Name}.external", "azd exposes HTTP(S) only");
        foreach (var group in groups.Where(group => group.External).Skip(1))
            yield return new Problem(
                name, $"bindings.{group.Ports[0].Name}.external",
                "azd exposes one port of a resource; give the bindings one targetPort, or make the others internal");

        var main = MainIngress(groups);
        foreach (var port in main?.Ports ?? [])
        {
            var expected = port.Scheme == "https" ? 443 : 80;
            if (port.Published is { } published && published != expected)
                yield return new Problem(
                    name, $"bindings.{port.Name}.port",
                    $"is {published}, but the main ingress has port {expected} for {port.Scheme}; remove it");
        }
        if (groups.Count - (main is null ? 0 : 1) > MaximumAdditionalPorts)
            yield return new Problem(
                name, "bindings", $"Container Apps has at most {MaximumAdditionalPorts} ports besides the main ingress");
    }

    /// <summary>The only HTTP group, else the only external one, else the one whose binding comes first.</summary>
    private static Group? MainIngress(List<Group> groups)
    {
        var http = groups.Where(group => group.IsHttp).ToList();
        return http is [var only] ? only
            : http.Where(group => group.External).ToList() is [var external] ? external
            : http.MinBy(group => group.Ports.Min(port => port.Order));
    }

    [GeneratedRegex("^[a-z][a-z0-9-]{0,30}[a-z0-9]$")]
    private static partial Regex ContainerAppName();

    [GeneratedRegex(@"^\{(?<resource>[A-Za-z][A-Za-z0-9-]*)\.inputs\.")]
    private static partial Regex InputReference();

    [GeneratedRegex("^[A-Za-z_][A-Za-z0-9_]*$")]
    private static partial Regex BicepIdentifier();

    private sealed record Port(string Name, int Order, JsonElement Binding)
    {
        public int? Target => Binding.Number("targetPort");

        public int? Published => Binding.Number("port");

        public string? Scheme => Binding.Text("scheme");
    }

    private sealed record Group(IReadOnlyList<Port> Ports)
    {
        public bool External => Ports.Any(port => port.Binding.IsTrue("external"));

        public bool IsHttp => Ports.All(port => port.Scheme is "http" or "https");
    }
}
