namespace Topology.Ingress;

/// <summary>Where the ingress lets others in to one port of a resource: an entry of the section <c>Ingress:Entrances</c>.</summary>
public sealed class Entrance
{
    private const string Section = "Ingress:Entrances";

    /// <summary>The port without TLS.</summary>
    public int Cleartext { get; set; }

    /// <summary>The port with TLS; null where only resources of the same environment come.</summary>
    public int? Tls { get; set; }

    /// <summary>Cleartext requests are sent to HTTPS. This is azd's rule for what is exposed; the manifest does not say it.</summary>
    public bool RedirectsToTls { get; set; }

    /// <summary>Replicas are spoken to in HTTP/2 without TLS; otherwise in HTTP/1.1, whatever the client speaks.</summary>
    public bool Http2 { get; set; }

    /// <summary>A port besides the main ingress: bytes are passed on as they come.</summary>
    public bool IsTcp { get; set; }

    /// <summary>The base addresses of the replicas.</summary>
    public IList<Uri> Targets { get; } = [];

    /// <summary>Reads every entrance.</summary>
    public static IReadOnlyList<Entrance> Read(IConfiguration configuration) =>
        configuration.GetSection(Section).Get<List<Entrance>>() ?? [];
}
