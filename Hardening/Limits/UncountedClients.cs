using System.Net;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Topology.Hardening.Settings;

namespace Topology.Hardening.Limits;

/// <summary>The clients in <see cref="PublicLimits.UncountedClients"/>.</summary>
internal sealed class UncountedClients(IOptions<PublicLimits> limits, IHostEnvironment environment)
{
    private const string None = "none";
    private const string Loopback = "127.0.0.0/8;::1";

    private readonly IPNetwork[] _networks = Parse(limits.Value.UncountedClients ?? (environment.IsDevelopment() ? Loopback : None));

    public bool Contains(IPAddress? address)
    {
        if (address is null || _networks.Length == 0) return false;
        if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
        foreach (var network in _networks)
        {
            if (network.Contains(address)) return true;
        }

        return false;
    }

    /// <exception cref="InvalidOperationException">An entry is neither an address nor a network. The message names it.</exception>
    public static IPNetwork[] Parse(string text) => text == None ? [] :
    [
        .. from entry in SettingList.Split(text)
           select IPAddress.TryParse(entry, out var address) ? new IPNetwork(address, address.GetAddressBytes().Length * 8)
               : IPNetwork.TryParse(entry, out var network) ? network
               : throw new InvalidOperationException(
                   $"{PublicLimits.Section}:UncountedClients contains \"{entry}\". Give IP addresses or networks such as 10.0.0.0/8, or "
                       + $"{None}."),
    ];
}
