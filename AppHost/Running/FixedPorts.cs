using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Configuration;

namespace Topology.AppHost.Running;

/// <summary>Checks fixed ports before startup, so that an error can name the resource whose port is in use.</summary>
internal static class FixedPorts
{
    private static readonly (string Setting, string Name)[] DashboardAddresses = [
        ("ASPNETCORE_URLS", "frontend"),
        ("ASPIRE_DASHBOARD_OTLP_ENDPOINT_URL", "OTLP"),
        ("ASPIRE_DASHBOARD_OTLP_HTTP_ENDPOINT_URL", "OTLP over HTTP"),
        ("ASPIRE_RESOURCE_SERVICE_ENDPOINT_URL", "resource service"),
    ];

    /// <exception cref="TopologyException">At least one port is in use. The message lists each on its own line.</exception>
    public static void Check(IDistributedApplicationBuilder builder)
    {
        var taken = Needed(builder).Where(port => !IsFree(port.Port)).ToList();
        if (taken.Count == 0) return;
        var lines = taken.Select(port => $"Port {port.Port} is in use; {port.Owner} needs it.");
        const string Advice = "Stop the program that uses it, or give every endpoint a free port with --Topology:Ports=dynamic.";
        throw new TopologyException(string.Join('\n', [.. lines, Advice]));
    }

    /// <summary>The fixed ports of the dashboard and of all resources that start automatically.</summary>
    private static IEnumerable<(int Port, string Owner)> Needed(IDistributedApplicationBuilder builder)
    {
        foreach (var (setting, name) in builder.Configuration.GetValue("Topology:Dashboard", defaultValue: true) ? DashboardAddresses : [])
        {
            foreach (var address in (builder.Configuration[setting] ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries))
            {
                if (Uri.TryCreate(address, UriKind.Absolute, out var uri) && uri.Port != 0)
                {
                    yield return (uri.Port, $"the dashboard ({name})");
                }
            }
        }

        foreach (var resource in builder.Resources.Where(resource => !resource.TryGetLastAnnotation<ExplicitStartupAnnotation>(out _)))
        {
            foreach (var endpoint in resource.Annotations.OfType<EndpointAnnotation>().Where(endpoint => endpoint.Port is not null))
            {
                yield return (endpoint.Port!.Value, $"{resource.Name} ({endpoint.Name})");
            }
        }
    }

    /// <summary>Services listen on the IPv4 and IPv6 loopback addresses, so both must be free.</summary>
    private static bool IsFree(int port) =>
        CanListen(IPAddress.Loopback, port) && (!Socket.OSSupportsIPv6 || CanListen(IPAddress.IPv6Loopback, port));

    private static bool CanListen(IPAddress address, int port)
    {
        using var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(new IPEndPoint(address, port));
            socket.Listen(1);
            return true;
        }
        catch (SocketException exception)
        {
            // Some machines support IPv6 but have no IPv6 loopback address. The port then counts as free.
            return exception.SocketErrorCode == SocketError.AddressNotAvailable;
        }
    }
}
