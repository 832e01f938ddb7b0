using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace Topology.Hardening.Certificates;

/// <summary>
/// The certificates of the public listeners, each with its chain. They are prepared once. A handshake then builds no chain, connections
/// share OpenSSL's state for each certificate, and clients can resume their sessions.
/// </summary>
internal sealed class PublicCertificates
{
    private readonly List<Site> _sites;

    private PublicCertificates(List<Site> sites) => _sites = sites;

    /// <summary>
    /// Prepares certificates. Reuses those that are already in <paramref name="before"/>, so that clients can still resume their sessions.
    /// </summary>
    public static PublicCertificates Of(IEnumerable<X509Certificate2Collection> chains, PublicCertificates? before) =>
        new([.. chains.Select(chain => before?._sites.FirstOrDefault(site => site.HasChain(chain)) ?? new Site(chain))]);

    /// <summary>
    /// The TLS options for a client that asks for this server name (RFC 6066 section 3). Clients that send no name, because they are old or
    /// connect to an IP address, get the first certificate.
    /// </summary>
    /// <exception cref="AuthenticationException">
    /// No certificate has that name. The client would reject any other, and this service does not serve the name.
    /// </exception>
    public SslServerAuthenticationOptions OptionsFor(string? name) => new()
    {
        ServerCertificateContext = (string.IsNullOrEmpty(name) ? _sites[0] : _sites.FirstOrDefault(site => site.IsNamed(name)))?.Context
            ?? throw new AuthenticationException($"The client asked for {name}, but no certificate has that name."),
        EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
        CipherSuitesPolicy = OnlyAuthenticated,
    };

    /// <summary>
    /// Excludes the CBC cipher suites of TLS 1.2 (RFC 9325 section 4.2); TLS 1.3 has none. Null on Windows and macOS, which take their
    /// cipher suites from system settings. Also null if <c>OPENSSL_CONF</c> is set, for example to the file beside this one: with a policy,
    /// .NET creates a context per connection, which costs CPU and prevents session resumption.
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
        /// If the file contains only the leaf, the intermediates come from the machine's store or from the URL in the leaf.
        /// </summary>
        public SslStreamCertificateContext Context { get; } =
            SslStreamCertificateContext.Create(chain[0], [.. chain.Skip(1)], offline: chain.Count > 1);

        public bool HasChain(X509Certificate2Collection other) =>
            chain.Select(one => one.Thumbprint).SequenceEqual(other.Select(one => one.Thumbprint));

        public bool IsNamed(string name) => chain[0].MatchesHostname(name, allowWildcards: true, allowCommonName: false);
    }
}
