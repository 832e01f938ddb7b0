namespace Topology.Edge.Upstreams;

/// <summary>How the edge connects to backends, in the configuration section <c>Edge</c>.</summary>
public sealed class UpstreamOptions
{
    /// <summary>The configuration section.</summary>
    public const string Section = "Edge";

    /// <summary>Cleartext HTTP/2 with prior knowledge: multiplexed, not encrypted.</summary>
    public const string Http2 = "internal-h2";

    /// <summary>HTTPS with certificates of the internal authority on both sides.</summary>
    public const string Tls = "internal-tls";

    /// <summary>Cleartext HTTP/1.1.</summary>
    public const string Http1 = "internal";

    /// <summary>The platform's single port per service, with HTTP/1.1 or HTTP/2 as in the client's request.</summary>
    public const string Platform = "";

    /// <summary>The backend listener to use: one of the constants.</summary>
    public string Upstream { get; set; } = Http2;

    /// <summary>
    /// How long a safe or keyed request waits for a replica if its service has none, such as during a restart. Zero does not wait.
    /// </summary>
    public TimeSpan ReplicaWait { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Requests that may wait for a replica at the same time. Further ones get 503 at once.</summary>
    public int WaitingRequests { get; set; } = 256;

    internal bool IsKnown => Upstream is Http2 or Tls or Http1 or Platform;
}
