using System.Text.Json;
using System.Text.RegularExpressions;
using Topology.Tests.Infrastructure;

namespace Topology.Tests.Publishing;

/// <summary>The committed manifest of the cloud, with just what a container on this machine needs of it.</summary>
internal static partial class CloudManifest
{
    private static readonly string Folder = Path.Combine(Programs.Repository, "AppHost", "manifests");
    private static readonly JsonElement Resources =
        JsonDocument.Parse(File.ReadAllText(Path.Combine(Folder, "cloud.json"))).RootElement.GetProperty("resources");

    private const string OrdersDatabase = "Data Source=/tmp/topology-orders.db";

    /// <summary>The project file of a service.</summary>
    public static string Project(string service) =>
        Path.GetFullPath(Resources.GetProperty(service).GetProperty("path").GetString()!, Folder);

    /// <summary>The environment of a service; parameters have their defaults.</summary>
    /// <param name="service">Its name.</param>
    /// <param name="port">Where a port of a service is on this machine.</param>
    public static Dictionary<string, string> Environment(string service, Func<string, int, int> port) =>
        Resources.GetProperty(service).GetProperty("env").EnumerateObject().ToDictionary(
            variable => variable.Name, variable =>
                Reference().Replace(variable.Value.GetString()!, reference => Resolve(reference.Groups["path"].Value.Split('.'), port)));

    private static string Resolve(string[] path, Func<string, int, int> port)
    {
        var resource = Resources.GetProperty(path[0]);
        if (path is [_, "value"])
        {
            // A parameter without a default is asked for at deployment. The only one is the orders database's connection string.
            if (!resource.GetProperty("inputs").GetProperty("value").TryGetProperty("default", out var standard)) return OrdersDatabase;
            return standard.TryGetProperty("value", out var value) ? value.GetString()!
                : new string('k', standard.GetProperty("generate").GetProperty("minLength").GetInt32());
        }

        Assert.True(path is [_, "bindings", _, _], string.Join('.', path));
        var binding = resource.GetProperty("bindings").GetProperty(path[2]);
        var here = port(path[0], binding.GetProperty("targetPort").GetInt32());
        return path[3] switch
        {
            "url" => $"{binding.GetProperty("scheme").GetString()}://localhost:{here}",
            "host" => "localhost",
            "targetPort" => $"{here}",
            _ => throw new ArgumentException($"{string.Join('.', path)} has no meaning here.", nameof(path)),
        };
    }

    [GeneratedRegex(@"\{(?<path>[^{}]+)\}")]
    private static partial Regex Reference();
}
