using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.Extensions.Options;
using Topology.Hardening.Hosts;

namespace Topology.Hardening.Forwarding;

/// <summary>Internal listeners believe the configured proxies and nobody else, up to the configured number of hops.</summary>
internal sealed class TrustedProxies(IOptions<TrustedProxyOptions> trusted, AllowedHosts hosts) : IConfigureOptions<ForwardedHeadersOptions>
{
    public void Configure(ForwardedHeadersOptions options)
    {
        options.ForwardedHeaders = ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedHost | ForwardedHeaders.XForwardedProto;
        options.ForwardLimit = trusted.Value.ForwardLimit;
        // A proxy's word for the public name counts as far as the name is one of ours; without names, all of its word does.
        foreach (var name in hosts.Names) options.AllowedHosts.Add(name);
        Trust(options);
    }

    /// <summary>
    /// The ingress of a platform tells the client's address and scheme. The host is the request's own: a forwarded one
    /// would be a client's, which such an ingress lets pass.
    /// </summary>
    public ForwardedHeadersOptions ForIngress()
    {
        var options = new ForwardedHeadersOptions
        {
            ForwardedHeaders = ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto,
            ForwardLimit = trusted.Value.IngressForwardLimit,
        };
        Trust(options);
        return options;
    }

    private void Trust(ForwardedHeadersOptions options)
    {
        var proxies =
            trusted.Value.KnownProxies.SelectMany(
            entry => entry.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)).ToList();
        if (proxies.Count == 0) return; // The defaults: loopback.

        options.KnownProxies.Clear();
        options.KnownIPNetworks.Clear();
        foreach (var entry in proxies)
        {
            if (IPAddress.TryParse(entry, out var address)) options.KnownProxies.Add(address);
            else if (System.Net.IPNetwork.TryParse(entry, out var network)) options.KnownIPNetworks.Add(network);
            else throw new InvalidOperationException(
                $"Topology:KnownProxies holds \"{entry}\"; give an IP address or a network such as 10.0.0.0/8.");
        }
    }
}
