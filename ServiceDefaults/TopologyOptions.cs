using Microsoft.Extensions.Options;

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

    /// How many proxies stand in front of the listener behind an ingress, the ingress included: 2 with Azure Front Door before
    /// Container Apps. All of them belong into <see cref="KnownProxies"/>. Too few, and a proxy counts as the one client.
    /// </summary>
    public int IngressForwardLimit { get; set; } = 1;

    /// <summary>
    /// A secret of the services and their own clients. A trace context that comes with it is followed, on any listener; any
    /// other is a stranger's and is not. Without a key each service begins its own traces.
    /// </summary>
    public string? TraceKey { get; set; }

    /// <summary>How many traces that begin at this service are recorded in a second; those of a trusted caller do not count.</summary>
    public int TracesPerSecond { get; set; } = 100;

    /// <summary>Whether <c>whoami</c> answers; unset, it does in Development only.</summary>
    public bool? WhoAmI { get; set; }

    /// <summary>HTTPS for clients.</summary>
    public HttpsOptions Https { get; } = new();

    /// <summary>
    /// The service shows pages, not only data: its content security policy lets them load their own scripts and styles.
    /// </summary>
    public bool ServesPages { get; set; }
}

/// <summary>Checks what a service was told, when it starts.</summary>
internal sealed class TopologyOptionsCheck : IValidateOptions<TopologyOptions>
{
    private const int ShortestKey = 16;

    public ValidateOptionsResult Validate(string? name, TopologyOptions options)
    {
        var mistakes = new List<string>();
        if (options.ForwardLimit < 1) mistakes.Add("Topology:ForwardLimit must be 1 or more.");
        if (options.IngressForwardLimit < 1) mistakes.Add("Topology:IngressForwardLimit must be 1 or more.");
        if (options.TracesPerSecond < 0) mistakes.Add("Topology:TracesPerSecond must be 0 or more.");
        if (options.TraceKey is { Length: > 0 } key && (key.Length < ShortestKey || key.Any(character => character is <= ' ' or > '~')))
        {
            mistakes.Add($"Topology:TraceKey must have {ShortestKey} characters or more, of visible ASCII.");
        }

        return mistakes.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(mistakes);
    }
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
