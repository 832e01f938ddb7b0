namespace Topology.ServiceDefaults;

/// <summary>What every service of the topology can be told, in the configuration section <c>Topology</c>.</summary>
public sealed class TopologyOptions
{
    /// <summary>The configuration section.</summary>
    public const string Section = "Topology";

    /// <summary>The path that requests on this service's public listeners take; an edge gives its own name, empty means none.</summary>
    public string Path { get; set; } = Paths.TopologyPath.Direct;

    /// <summary>
    /// IP addresses and CIDR networks of the proxies whose forwarded headers are believed, on internal listeners and on
    /// the one behind an ingress; an entry may hold several, separated by semicolons.
    /// </summary>
    public IList<string> KnownProxies { get; } = [];

    /// <summary>How many proxies stand in front of an internal listener.</summary>
    public int ForwardLimit { get; set; } = 1;

    /// <summary>
    /// The origins, such as <c>https://app.example.com</c>, whose pages may open WebSockets here, besides the pages of the host
    /// itself.
    /// </summary>
    public IList<string> WebSocketOrigins { get; } = [];

    /// <summary>Whether <c>whoami</c> answers; unset, it does in Development only.</summary>
    public bool? WhoAmI { get; set; }

    /// <summary>HTTPS for clients.</summary>
    public HttpsOptions Https { get; } = new();

    /// <summary>
    /// The service shows pages, not only data: its content security policy lets them load their own scripts and styles.
    /// </summary>
    public bool ServesPages { get; set; }
}

/// <summary>How a service makes clients use HTTPS.</summary>
public sealed class HttpsOptions
{
    /// <summary>
    /// Redirects cleartext requests (308) and tells browsers to stay with HTTPS for a year (HSTS, RFC 6797). For a
    /// public name with a certificate that browsers trust; off where cleartext is measured, as in the lab.
    /// </summary>
    public bool Redirect { get; set; }

    /// <summary>The port that clients reach; by default the listener's, which is another one behind a port mapping.</summary>
    public int? Port { get; set; }
}
