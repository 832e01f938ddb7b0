using System.Security.Cryptography.X509Certificates;
using Topology.Hardening.Certificates;

namespace Topology.Claims.Lab;

/// <summary>Finds out which of the two local authorities issued a certificate.</summary>
public sealed class Authorities(IConfiguration configuration)
{
    private readonly string _root =
        LocalAuthorities.Root(configuration[$"{CertificateOptions.Section}:{nameof(CertificateOptions.Directory)}"]);

    /// <summary>Whether the certificate was issued by the local stand-in for a public authority, which clients trust.</summary>
    public bool IsPublic(X509Certificate2 certificate) => IsIssuedBy(certificate, LocalAuthorities.Public);

    /// <summary>Whether the internal authority issued it.</summary>
    public bool IsInternal(X509Certificate2 certificate) => IsIssuedBy(certificate, LocalAuthorities.Internal);

    private bool IsIssuedBy(X509Certificate2 certificate, string authority)
    {
        using var chain = new X509Chain
        {
            ChainPolicy =
                { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads =
                true },
        };
        chain.ChainPolicy.CustomTrustStore.AddRange(new LocalAuthority(_root, authority, TimeProvider.System).Trusted());
        return chain.Build(certificate);
    }
}
