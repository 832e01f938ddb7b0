namespace Topology.Ingress;

/// <summary>The ingress listeners for one port of a resource: an entry of the section <c>Ingress:Entrances</c>.</summary>
public sealed class Entrance
{
    private const string Section = "Ingress:Entrances";

    /// <summary>The cleartext port.</summary>
    public int Cleartext { get; set; }

    /// <summary>The TLS port; null for internal traffic only.</summary>
    public int? Tls { get; set; }

    /// <summary>Redirects cleartext requests to HTTPS: azd's rule for external bindings, which is not in the manifest.</summary>
    public bool RedirectsToTls { get; set; }

    /// <summary>Uses cleartext HTTP/2 to the replicas; otherwise HTTP/1.1, regardless of the client's version.</summary>
    public bool Http2 { get; set; }

    /// <summary>Whether this is an additional port that is forwarded as plain TCP.</summary>
    public bool IsTcp { get; set; }

    /// <summary>The replicas' base addresses.</summary>
    public IList<Uri> Targets { get; } = [];

    /// <summary>Reads all entrances.</summary>
    public static IReadOnlyList<Entrance> Read(IConfiguration configuration) =>
        configuration.GetSection(Section).Get<List<Entrance>>() ?? [];
}
