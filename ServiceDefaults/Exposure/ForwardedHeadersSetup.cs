using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.Extensions.Options;

namespace Topology.ServiceDefaults.Exposure;

/// <summary>Internal listeners believe the configured proxies and nobody else, up to the configured number of hops.</summary>
internal sealed class ForwardedHeadersSetup(IOptions<TopologyOptions> topology) : IConfigureOptions<ForwardedHeadersOptions>
{
    public void Configure(ForwardedHeadersOptions options)
    {
        options.ForwardedHeaders = ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedHost | ForwardedHeaders.XForwardedProto;
        options.ForwardLimit = topology.Value.ForwardLimit;
        if (topology.Value.KnownProxies.Count == 0) return; // The defaults: loopback.

        options.KnownProxies.Clear();
        options.KnownIPNetworks.Clear();
        foreach (var entry in topology.Value.KnownProxies)
        {
            if (IPAddress.TryParse(entry, out var address)) options.KnownProxies.Add(address);
            else if (System.Net.IPNetwork.TryParse(entry, out var network)) options.KnownIPNetworks.Add(network);
            else throw new InvalidOperationException($"Topology:KnownProxies holds \"{entry}\"; give an IP address or a network such as 10.0.0.0/8.");
        }
    }
}
