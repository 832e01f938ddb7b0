using System.Globalization;
using System.Text.Json;
using Topology.Hardening.Listeners;

namespace Topology.AppHost.Tests.Publishing.Checks;

/// <summary>What a service is told to listen on (<c>Topology:Listeners</c>), and who is led there.</summary>
internal static class ListenerRules
{
    private const string Prefix = "Topology__Listeners__";

    public static IEnumerable<Problem> Check(string name, JsonElement resource)
    {
        var taken = new Dictionary<string, string>();
        foreach (var member in resource.Members("env").Where(member => member.Name.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase)))
        {
            var key = $"env.{member.Name}";
            if (Listener.All.FirstOrDefault(
                listener => listener.Name.Equals(member.Name[Prefix.Length..], StringComparison.OrdinalIgnoreCase)) is not { } listener)
            {
                yield return new Problem(
                    name, key, $"names no listener; use one of {string.Join(", ", Listener.All.Select(known => known.Name))}");
                continue;
            }

            var port = Port(name, resource, member.Value.GetString()!);
            if (port != "0" && !taken.TryAdd(port, key))
                yield return new Problem(name, key, $"has the port of {taken[port]}, and a port takes one listener; give it another");
            foreach (var binding in resource.Members("bindings")
                .Where(binding => !listener.IsPublic && binding.Value.IsTrue("external") && Port(name, binding) == port))
                yield return new Problem(
                    name, $"bindings.{binding.Name}.external",
                    $"leads to the listener '{listener.Name}', which answers management endpoints; let it lead to "
                    + $"'{Listener.Ingress.Name}', and give '{listener.Name}' a port without a binding");
        }
    }

    /// <summary>The port that a listener is told: a number, or that of one of the resource's own bindings.</summary>
    private static string Port(string name, JsonElement resource, string text) =>
        resource.Members("bindings").Where(binding => text == Reference(name, binding))
            .Select(binding => Port(name, binding)).FirstOrDefault(text);

    /// <summary>The platform chooses where the manifest does not; the same binding is then still the same port.</summary>
    private static string Port(string name, JsonProperty binding) =>
        binding.Value.Number("targetPort")?.ToString(CultureInfo.InvariantCulture) ?? Reference(name, binding);

    private static string Reference(string name, JsonProperty binding) => $"{{{name}.bindings.{binding.Name}.targetPort}}";
}
