using System.Security.Cryptography.X509Certificates;

namespace Topology.Hardening.Certificates;

internal static class Pem
{
    /// <summary>Loads a leaf with its private key, followed by the intermediates in the certificate file.</summary>
    public static X509Certificate2Collection LoadChain(PemFiles files)
    {
        var chain = new X509Certificate2Collection();
        chain.ImportFromPemFile(files.Certificate);
        chain.RemoveAt(0); // The leaf without its key.
        chain.Insert(0, Load(files));
        return chain;
    }

    /// <summary>A certificate with its private key, in a form that the platform's TLS supports.</summary>
    public static X509Certificate2 Load(PemFiles files)
    {
        var certificate = X509Certificate2.CreateFromPemFile(files.Certificate, files.Key);
        if (!OperatingSystem.IsWindows()) return certificate;

        // Schannel cannot use ephemeral keys.
        using (certificate)
        {
            return X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pfx), null);
        }
    }
}
