using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Topology.Hardening.Certificates;

namespace Topology.Comparison.Targets;

/// <summary>
/// Trusts the local authority of the topology's public certificates and no other; where there is none, those that the system trusts.
/// </summary>
/// <param name="configuration">Where the local authority is.</param>
/// <param name="isLocal">Whether the public certificates are the local authority's.</param>
public sealed class PublicTrust(IConfiguration configuration, bool isLocal = true)
{
    private readonly Lazy<X509ChainPolicy> _policy = new(() =>
    {
        var root = LocalAuthorities.Root(configuration[$"{CertificateOptions.Section}:{nameof(CertificateOptions.Directory)}"]);
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            // Asking for the revocation list would be part of what is measured.
            RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true,
        };
        policy.CustomTrustStore.AddRange(new LocalAuthority(root, LocalAuthorities.Public, TimeProvider.System).Trusted());
        return policy;
    });

    /// <summary>TLS options of a client of one listener, none where that has no TLS.</summary>
    /// <param name="address">The listener.</param>
    /// <param name="protocols">The application protocols offered.</param>
    public SslClientAuthenticationOptions OptionsFor(Uri address, params IEnumerable<SslApplicationProtocol> protocols)
    {
        ArgumentNullException.ThrowIfNull(address);
        return address.Scheme == Uri.UriSchemeHttps ? Options(address.Host, protocols) : new();
    }

    /// <summary>TLS options of a client. The authority is read, or made, at first use.</summary>
    /// <param name="host">The name that the server's certificate must be of; null for the request's host.</param>
    /// <param name="protocols">The application protocols offered.</param>
    public SslClientAuthenticationOptions Options(string? host, params IEnumerable<SslApplicationProtocol> protocols) => new()
    {
        TargetHost = host,
        ApplicationProtocols = [.. protocols],
        CertificateChainPolicy = isLocal ? _policy.Value : null,
    };
}
