namespace Topology.Edge.Upstreams;

/// <summary>How the edge reaches backends: the section <c>Edge</c>.</summary>
public sealed class UpstreamOptions
{
    /// <summary>The configuration section.</summary>
    public const string Section = "Edge";

    /// <summary>HTTP/2 in cleartext with prior knowledge: many requests on one connection, and no encryption.</summary>
    public const string Http2 = "internal-h2";

    /// <summary>HTTPS with certificates of the inside's authority on both sides.</summary>
    public const string Tls = "internal-tls";

    /// <summary>HTTP/1.1 in cleartext.</summary>
    public const string Http1 = "internal";

    /// <summary>The platform's one port for each service, HTTP/1.1 or HTTP/2 as the request came.</summary>
    public const string Platform = "";

    /// <summary>The backends' listener: one of the constants.</summary>
    public string Upstream { get; set; } = Http2;

    internal bool IsKnown => Upstream is Http2 or Tls or Http1 or Platform;
}
