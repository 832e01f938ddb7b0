using System.Text.Json;

namespace Topology.AppHost.Tests.Publishing.Checks;

/// <summary>Who may be reached from outside, and what such a resource must be told so that it does not trust everybody.</summary>
internal static class ExposureRules
{
    /// <summary>The one resource that is made to be reached from outside.</summary>
    public const string Edge = "edge";

    private const string TrustEverybody = "ASPNETCORE_FORWARDEDHEADERS_ENABLED";
    private const string AllowedHosts = "Topology__AllowedHosts";

    public static IEnumerable<string> External(IReadOnlyDictionary<string, JsonElement> resources) =>
        resources.Where(entry => IsExternal(entry.Value)).Select(entry => entry.Key);

    public static IEnumerable<Problem> Check(string name, JsonElement resource, Func<string, bool> exposed)
    {
        foreach (var binding in resource.Members("bindings").Where(binding => binding.Value.IsTrue("external") && !exposed(name)))
            yield return new Problem(
                name, $"bindings.{binding.Name}.external",
                $"only '{Edge}' may be external; remove it, or publish with --Topology:Exposure=both to measure");

        var environment = resource.Members("env").ToDictionary(member => member.Name, member => member.Value.GetString() ?? "");
        if (environment.GetValueOrDefault(TrustEverybody)?.Equals("true", StringComparison.OrdinalIgnoreCase) == true)
            yield return new Problem(
                name, $"env.{TrustEverybody}",
                "makes the service believe forwarded headers from anybody; remove it, and name the proxies in Topology__KnownProxies");
        foreach (var key in (string[])["ASPNETCORE_ENVIRONMENT", "DOTNET_ENVIRONMENT"])
        {
            if (environment.GetValueOrDefault(key)?.Equals("Development", StringComparison.OrdinalIgnoreCase) == true)
                yield return new Problem(name, $"env.{key}", "Development answers with what only developers should see; remove it");
        }

        var hosts = environment
            .Where(entry => entry.Key == AllowedHosts || entry.Key.StartsWith($"{AllowedHosts}__", StringComparison.Ordinal)).ToList();
        if (IsExternal(resource) && resource.Text("type")!.StartsWith("project.", StringComparison.Ordinal)
            && !hosts.Exists(host => host.Value.Length > 0))
            yield return new Problem(
                name, $"env.{AllowedHosts}", "is missing; an external service serves the hosts that it is told and no others");
        foreach (var host in hosts.Where(host => host.Value.Trim() == "*"))
            yield return new Problem(name, $"env.{host.Key}", "'*' serves any host; name the hosts");
    }

    private static bool IsExternal(JsonElement resource) => resource.Members("bindings").Any(binding => binding.Value.IsTrue("external"));
}
