namespace Topology.Hardening.Certificates;

/// <summary>The sources of certificates, in the configuration section <c>Topology:Certificates</c>.</summary>
public sealed class CertificateOptions
{
    /// <summary>The configuration section.</summary>
    public const string Section = "Topology:Certificates";

    /// <summary>The folder of the local authorities; by default <c>topology/certificates</c> in the user's application data.</summary>
    public string? Directory { get; set; }

    /// <summary>Allows local authorities outside Development.</summary>
    public bool AllowLocalAuthority { get; set; }

    /// <summary>
    /// The certificate of the public listeners. If none is configured, the local stand-in for a public authority issues one.
    /// </summary>
    public PemFiles? Public { get; set; }

    /// <summary>
    /// Further certificates of the public listeners. Each is for clients that ask for one of its names. Clients that ask for no name get
    /// <see cref="Public"/>.
    /// </summary>
    public IList<PemFiles> Sites { get; } = [];

    /// <summary>The certificate for internal TLS, as server and as client. Without one, the local authority issues it.</summary>
    public PemFiles? Internal { get; set; }

    /// <summary>A PEM file of the authorities that are trusted internally. Set it together with <see cref="Internal"/>.</summary>
    public string? InternalAuthority { get; set; }

    /// <summary>Further DNS names for the public certificate, besides <c>localhost</c>.</summary>
    public IList<string> PublicNames { get; } = [];

    /// <summary>
    /// The cleartext URL of the public authority's revocation list (RFC 5280 section 4.2.1.13). Some clients, such as curl on Windows,
    /// accept no certificate without one. All services of a topology need the same value.
    /// </summary>
    public Uri? RevocationListUrl { get; set; }

    /// <summary>
    /// The names whose client certificates <c>internal-tls</c> accepts. One entry may contain several, separated by semicolons. If empty,
    /// no client is accepted.
    /// </summary>
    public IList<string> AllowedClients { get; } = [];
}

/// <summary>A certificate and its private key, as PEM files.</summary>
/// <param name="Certificate">
/// The leaf, followed by the intermediates to send with a public certificate. If the file has none, they come from the machine's store or
/// from the URL in the leaf (RFC 5280 section 4.2.2.1).
/// </param>
/// <param name="Key">The private key.</param>
public sealed record PemFiles(string Certificate, string Key);
