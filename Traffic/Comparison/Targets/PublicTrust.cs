using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Topology.Hardening.Certificates;

namespace Topology.Comparison.Targets;

/// <summary>Which server certificates a client of public listeners trusts.</summary>
public sealed class PublicTrust
{
    private readonly Lazy<X509ChainPolicy?> _policy;
    private readonly RemoteCertificateValidationCallback? _validate;

    /// <summary>
    /// Trusts only the local authority that issues the topology's public certificates. Without a local authority, trusts the authorities
    /// that the system trusts.
    /// </summary>
    /// <param name="configuration">Names the local authority's folder.</param>
    /// <param name="isLocal">Whether the local authority issues the public certificates.</param>
    public PublicTrust(IConfiguration configuration, bool isLocal = true) : this(() => isLocal ? Local(configuration) : null)
    {
    }

    private PublicTrust(Func<X509ChainPolicy?> policy, RemoteCertificateValidationCallback? validate = null) =>
        (_policy, _validate) = (new(policy), validate);

    /// <summary>Trusts the authorities that the system trusts.</summary>
    public static PublicTrust OfSystem { get; } = new(Quiet);

    /// <summary>Trusts every certificate, as <c>curl --insecure</c> does.</summary>
#pragma warning disable CA5359 // The user asked for it, for one measurement.
    public static PublicTrust OfAnyone { get; } = new(Quiet, (_, _, _, _) => true);
#pragma warning restore CA5359

    /// <summary>Trusts these authorities only.</summary>
    public static PublicTrust Of(X509Certificate2Collection authorities) => new(() => Only(authorities));

    /// <summary>TLS options for a client of one listener; empty if it is cleartext.</summary>
    /// <param name="address">The listener.</param>
    /// <param name="protocols">The application protocols offered.</param>
    public SslClientAuthenticationOptions OptionsFor(Uri address, params IEnumerable<SslApplicationProtocol> protocols)
    {
        ArgumentNullException.ThrowIfNull(address);
        return address.Scheme == Uri.UriSchemeHttps ? Options(address.IdnHost, protocols) : new();
    }

    /// <summary>TLS options for a client. The first use reads or creates the authority.</summary>
    /// <param name="host">The name that the server's certificate must be issued for; null for the request's host.</param>
    /// <param name="protocols">The application protocols offered.</param>
    public SslClientAuthenticationOptions Options(string? host, params IEnumerable<SslApplicationProtocol> protocols) => new()
    {
        TargetHost = host,
        ApplicationProtocols = [.. protocols],
        CertificateChainPolicy = _policy.Value,
        RemoteCertificateValidationCallback = _validate,
    };

    private static X509ChainPolicy Local(IConfiguration configuration)
    {
        var root = LocalAuthorities.Root(configuration[$"{CertificateOptions.Section}:{nameof(CertificateOptions.Directory)}"]);
        return Only(new LocalAuthority(root, LocalAuthorities.Public, TimeProvider.System).Trusted());
    }

    private static X509ChainPolicy Only(X509Certificate2Collection authorities)
    {
        var policy = Quiet();
        policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        policy.CustomTrustStore.AddRange(authorities);
        return policy;
    }

    /// <summary>Fetches neither certificates nor revocation lists: that would call other hosts, and be measured.</summary>
    private static X509ChainPolicy Quiet() =>
        new() { RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true };
}
