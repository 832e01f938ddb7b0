namespace Topology.Hardening.Forwarding;

/// <summary>The proxies in front of a service, in the configuration section <c>Topology</c>.</summary>
public sealed class TrustedProxyOptions
{
    /// <summary>
    /// IP addresses and CIDR networks of the proxies whose forwarded headers are trusted, on internal listeners and behind an ingress. One
    /// entry may contain several, separated by semicolons. Empty means loopback.
    /// </summary>
    public IList<string> KnownProxies { get; } = [];

    /// <summary>The number of proxies in front of an internal listener.</summary>
    public int ForwardLimit { get; set; } = 1;

    /// <summary>
    /// The number of proxies in front of the listener behind an ingress, including the ingress: 2 with Azure Front Door before Container
    /// Apps. List all of them in <see cref="KnownProxies"/>. If the number is too low, a proxy counts as the client of every request.
    /// </summary>
    public int IngressForwardLimit { get; set; } = 1;
}
