using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace Topology.Hardening.Certificates;

/// <summary>
/// The certificates of the public listeners, each with its chain. They are prepared once: a handshake then need not build a
/// chain, connections share what OpenSSL keeps for each certificate, and clients can resume their sessions.
/// </summary>
internal sealed class PublicCertificates
{
    private readonly List<Site> _sites;

    private PublicCertificates(List<Site> sites) => _sites = sites;

    /// <summary>Prepares certificates; what <paramref name="before"/> has is kept, and so are the sessions that clients resume.</summary>
    public static PublicCertificates Of(IEnumerable<X509Certificate2Collection> chains, PublicCertificates? before) =>
        new([.. chains.Select(chain => before?._sites.FirstOrDefault(site => site.IsOf(chain)) ?? new Site(chain))]);

    /// <summary>
    /// How to speak TLS with a client that asks for this name (RFC 6066 section 3), or for none: old clients, and those that
    /// connect to an address, get the first certificate.
    /// </summary>
    /// <exception cref="AuthenticationException">No certificate is of that name. It would not be accepted, and the name is not
    /// served.</exception>
    public SslServerAuthenticationOptions Answer(string? name) => new()
    {
        ServerCertificateContext = (string.IsNullOrEmpty(name) ? _sites[0] : _sites.FirstOrDefault(site => site.IsNamed(name)))?.Context
            ?? throw new AuthenticationException($"The client asked for {name}, of which there is no certificate."),
        EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
        CipherSuitesPolicy = OnlyAuthenticated,
    };

    /// <summary>
    /// TLS 1.2 without the suites of CBC mode (RFC 9325 section 4.2); TLS 1.3 has none. Windows and macOS take their suites from
    /// the system's settings. A process whose <c>OPENSSL_CONF</c> names the file beside this one needs no policy, and should have none:
    /// with one, .NET makes each connection a context of its own, which costs CPU and lets no client resume a session.
    /// </summary>
    private static CipherSuitesPolicy? OnlyAuthenticated { get; } =
        !OperatingSystem.IsLinux() || Environment.GetEnvironmentVariable("OPENSSL_CONF") is { Length: > 0 } ? null : new(
    [
        TlsCipherSuite.TLS_AES_128_GCM_SHA256, TlsCipherSuite.TLS_AES_256_GCM_SHA384, TlsCipherSuite.TLS_CHACHA20_POLY1305_SHA256,
        TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, TlsCipherSuite.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
        TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, TlsCipherSuite.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
        TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, TlsCipherSuite.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    ]);

    private sealed class Site(X509Certificate2Collection chain)
    {
        /// <summary>
        /// Where the file has only the leaf, its intermediates are looked for in the machine's store and where the leaf says that they are.
        /// </summary>
        public SslStreamCertificateContext Context { get; } =
            SslStreamCertificateContext.Create(chain[0], [.. chain.Skip(1)], offline: chain.Count > 1);

        public bool IsOf(X509Certificate2Collection other) =>
            chain.Select(one => one.Thumbprint).SequenceEqual(other.Select(one => one.Thumbprint));

        public bool IsNamed(string name) => chain[0].MatchesHostname(name, allowWildcards: true, allowCommonName: false);
    }
}
