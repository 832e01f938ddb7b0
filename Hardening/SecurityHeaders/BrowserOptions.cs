namespace Topology.Hardening.SecurityHeaders;

/// <summary>Settings for browsers, in the configuration section <c>Topology</c>.</summary>
public sealed class BrowserOptions
{
    /// <summary>HTTPS for clients.</summary>
    public HttpsOptions Https { get; } = new();

    /// <summary>
    /// Whether the service serves pages, not only data. If so, its content security policy lets those pages load their own scripts and
    /// styles.
    /// </summary>
    public bool ServesPages { get; set; }
}

/// <summary>How a service makes clients use HTTPS.</summary>
public sealed class HttpsOptions
{
    /// <summary>
    /// Redirects cleartext requests (308) and tells browsers to use only HTTPS for a year (HSTS, RFC 6797). Switch it on for a public
    /// name with a certificate that browsers trust. The lab leaves it off, because the lab measures cleartext.
    /// </summary>
    public bool Redirect { get; set; }

    /// <summary>
    /// The port that clients use. The default is the listener's port. Set this if a port mapping gives clients another port.
    /// </summary>
    public int? Port { get; set; }
}
