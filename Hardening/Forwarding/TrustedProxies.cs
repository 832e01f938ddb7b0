using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.Extensions.Options;
using Topology.Hardening.Hosts;
using Topology.Hardening.Settings;

namespace Topology.Hardening.Forwarding;

/// <summary>Makes internal listeners trust only the configured proxies, up to the configured number of hops.</summary>
internal sealed class TrustedProxies(IOptions<TrustedProxyOptions> trusted, AllowedHosts hosts) : IConfigureOptions<ForwardedHeadersOptions>
{
    public void Configure(ForwardedHeadersOptions options)
    {
        options.ForwardedHeaders = ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedHost | ForwardedHeaders.XForwardedProto;
        options.ForwardLimit = trusted.Value.ForwardLimit;
        // The forwarded host is trusted only if it is one of our names. Without names, any forwarded host is trusted.
        foreach (var name in hosts.Names) options.AllowedHosts.Add(name);
        Trust(options);
    }

    /// <summary>
    /// The options for a platform's ingress, which forwards the client's address and scheme. The host comes from the request itself: such
    /// an ingress passes on a client's forwarded host.
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
        var proxies = SettingList.Split(trusted.Value.KnownProxies);
        if (proxies.Length == 0) return; // The default is loopback.

        options.KnownProxies.Clear();
        options.KnownIPNetworks.Clear();
        foreach (var entry in proxies)
        {
            if (IPAddress.TryParse(entry, out var address)) options.KnownProxies.Add(address);
            else if (System.Net.IPNetwork.TryParse(entry, out var network)) options.KnownIPNetworks.Add(network);
            else throw new InvalidOperationException(
                $"Topology:KnownProxies contains \"{entry}\". Give an IP address or a network such as 10.0.0.0/8.");
        }
    }
}
