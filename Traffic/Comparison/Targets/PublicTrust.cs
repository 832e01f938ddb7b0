using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Topology.Hardening.Certificates;

namespace Topology.Comparison.Targets;

/// <summary>
/// Trusts only the local authority that issues the topology's public certificates. Without a local authority, trusts the authorities that
/// the system trusts.
/// </summary>
/// <param name="configuration">Names the local authority's folder.</param>
/// <param name="isLocal">Whether the local authority issues the public certificates.</param>
public sealed class PublicTrust(IConfiguration configuration, bool isLocal = true)
{
    private readonly Lazy<X509ChainPolicy> _policy = new(() =>
    {
        var root = LocalAuthorities.Root(configuration[$"{CertificateOptions.Section}:{nameof(CertificateOptions.Directory)}"]);
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            // Otherwise the measurement would include fetching the revocation list.
            RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true,
        };
        policy.CustomTrustStore.AddRange(new LocalAuthority(root, LocalAuthorities.Public, TimeProvider.System).Trusted());
        return policy;
    });

    /// <summary>TLS options for a client of one listener; empty if it is cleartext.</summary>
    /// <param name="address">The listener.</param>
    /// <param name="protocols">The application protocols offered.</param>
    public SslClientAuthenticationOptions OptionsFor(Uri address, params IEnumerable<SslApplicationProtocol> protocols)
    {
        ArgumentNullException.ThrowIfNull(address);
        return address.Scheme == Uri.UriSchemeHttps ? Options(address.Host, protocols) : new();
    }

    /// <summary>TLS options for a client. The first use reads or creates the authority.</summary>
    /// <param name="host">The name that the server's certificate must be issued for; null for the request's host.</param>
    /// <param name="protocols">The application protocols offered.</param>
    public SslClientAuthenticationOptions Options(string? host, params IEnumerable<SslApplicationProtocol> protocols) => new()
    {
        TargetHost = host,
        ApplicationProtocols = [.. protocols],
        CertificateChainPolicy = isLocal ? _policy.Value : null,
    };
}
