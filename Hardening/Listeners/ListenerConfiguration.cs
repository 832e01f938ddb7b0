using System.Globalization;
using System.Net;
using Microsoft.Extensions.Configuration;

namespace Topology.Hardening.Listeners;

/// <summary>Reads which listeners a service opens: <c>Topology:Listeners</c>, a port for each listener's name.</summary>
internal static class ListenerConfiguration
{
    public const string Section = "Topology:Listeners";

    /// <summary>The names of all listeners, for messages.</summary>
    public static string Names => string.Join(", ", Listener.All.Select(listener => listener.Name));

    /// <summary>The configured listeners with their ports; port 0 takes any free port.</summary>
    /// <exception cref="InvalidOperationException">A name is unknown or a port is not a number; the message says which.</exception>
    public static IReadOnlyList<(Listener Listener, int Port)> Read(IConfiguration configuration) =>
    [
        .. from entry in configuration.GetSection(Section).GetChildren()
           select (Find(entry.Key), ParsePort(entry)),
    ];

    private static Listener Find(string name) =>
        Listener.All.FirstOrDefault(listener => string.Equals(listener.Name, name, StringComparison.OrdinalIgnoreCase))
        ?? throw new InvalidOperationException($"{Section}:{name} is not a listener; use one of {Names}.");

    private static int ParsePort(IConfigurationSection entry) =>
        int.TryParse(entry.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port <= IPEndPoint.MaxPort
            ? port
            : throw new InvalidOperationException($"{entry.Path} is \"{entry.Value}\"; give a port from 0 to {IPEndPoint.MaxPort}.");
}
