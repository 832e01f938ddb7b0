using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Topology.Hardening.Certificates;

internal static class CertificateChecks
{
    /// <summary>The extended key usage of TLS servers, RFC 5280 section 4.2.1.12.</summary>
    public const string Server = "1.3.6.1.5.5.7.3.1";

    /// <summary>The extended key usage of TLS clients.</summary>
    public const string Client = "1.3.6.1.5.5.7.3.2";

    /// <summary>
    /// Null if the certificate chains to a trusted authority, allows this usage, has not expired and was not revoked; otherwise the reason.
    /// </summary>
    public static string? Verify(
        X509Certificate2 certificate, X509Certificate2Collection trusted, string usage, Func<X509Certificate2, bool>? isRevoked = null)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(trusted);
        chain.ChainPolicy.ApplicationPolicy.Add(new Oid(usage));
        // The internal revocation list is a file, which the chain cannot download. isRevoked checks it instead.
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        if (chain.Build(certificate)) return isRevoked?.Invoke(certificate) is true ? "its certificate was revoked" : null;

        var status = chain.ChainStatus.Aggregate(X509ChainStatusFlags.NoError, (flags, entry) => flags | entry.Status);
        return status.HasFlag(X509ChainStatusFlags.NotTimeValid)
            ? $"its certificate expired or is not valid yet (valid from {certificate.NotBefore:u} to {certificate.NotAfter:u})"
            : (status & (X509ChainStatusFlags.UntrustedRoot | X509ChainStatusFlags.PartialChain)) != 0
                ? $"its certificate comes from another authority ({certificate.Issuer})"
            : status.HasFlag(X509ChainStatusFlags.NotValidForUsage)
                ? $"its certificate is not for a {(usage == Server ? "server" : "client")} (extended key usage)"
                : $"its certificate is invalid ({status})";
    }
}
