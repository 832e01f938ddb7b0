namespace Topology.Hardening.Certificates;

/// <summary>Where certificates come from: the section <c>Topology:Certificates</c>.</summary>
public sealed class CertificateOptions
{
    /// <summary>The configuration section.</summary>
    public const string Section = "Topology:Certificates";

    /// <summary>The folder of the local authorities; by default <c>topology/certificates</c> in the user's application data.</summary>
    public string? Directory { get; set; }

    /// <summary>Lets the local authorities be made outside Development.</summary>
    public bool AllowLocalAuthority { get; set; }

    /// <summary>The certificate of the public listeners; without one, the local stand-in for a public authority issues it.</summary>
    public PemFiles? Public { get; set; }

    /// <summary>
    /// Further certificates of the public listeners. Each is shown to clients that ask for one of its names; <see cref="Public"/> is
    /// also for those that ask for no name.
    /// </summary>
    public IList<PemFiles> Sites { get; } = [];

    /// <summary>The certificate of internal TLS, for serving and as client; without one, the local authority issues it.</summary>
    public PemFiles? Internal { get; set; }

    /// <summary>A PEM file of the authorities trusted inside; goes with <see cref="Internal"/>.</summary>
    public string? InternalAuthority { get; set; }

    /// <summary>Further DNS names for the public certificate, besides <c>localhost</c>.</summary>
    public IList<string> PublicNames { get; } = [];

    /// <summary>
    /// The URL at which clients find the public authority's list of revoked certificates (RFC 5280 section 4.2.1.13), in cleartext. Some
    /// clients, such as curl on Windows, accept no certificate without it. Every service of one topology needs the same value.
    /// </summary>
    public Uri? RevocationListUrl { get; set; }

    /// <summary>
    /// The names whose client certificates <c>internal-tls</c> accepts. One entry may hold several, separated by semicolons. Empty
    /// accepts nobody.
    /// </summary>
    public IList<string> AllowedClients { get; } = [];
}

/// <summary>A certificate and its private key, as PEM files.</summary>
/// <param name="Certificate">
/// The leaf, first in its file, and after it the intermediates that are sent with a public certificate. Where none follow, they are taken
/// from the machine's store, or from where the leaf says that they are (RFC 5280 section 4.2.2.1).
/// </param>
/// <param name="Key">The private key.</param>
public sealed record PemFiles(string Certificate, string Key);
