using System.Security.Cryptography.X509Certificates;

namespace Topology.ServiceDefaults.Certificates;

internal static class CertificateChecks
{
    /// <summary>Null if the certificate chains to one of the trusted authorities, is in its time and was not revoked; else why not.</summary>
    public static string? Verify(X509Certificate2 certificate, X509Certificate2Collection trusted, Func<X509Certificate2, bool>? isRevoked = null)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(trusted);
        // The list of the inside is a file and not at an address.
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        if (chain.Build(certificate)) return isRevoked?.Invoke(certificate) is true ? "its certificate was revoked" : null;

        var status = chain.ChainStatus.Aggregate(X509ChainStatusFlags.NoError, (flags, entry) => flags | entry.Status);
        return status.HasFlag(X509ChainStatusFlags.NotTimeValid)
            ? $"its certificate expired or is not valid yet (valid from {certificate.NotBefore:u} to {certificate.NotAfter:u})"
            : (status & (X509ChainStatusFlags.UntrustedRoot | X509ChainStatusFlags.PartialChain)) != 0
                ? $"its certificate is of another authority ({certificate.Issuer})"
                : $"its certificate is invalid ({status})";
    }
}
