using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Topology.ServiceDefaults.Certificates;

/// <summary>An authority's list of revoked certificates (RFC 5280 section 5), in a PEM file, signed anew when it is asked for and older than a day.</summary>
/// <param name="path">The file.</param>
/// <param name="time">The clock.</param>
internal sealed class RevocationList(string path, TimeProvider time)
{
    private const string Label = "X509 CRL";

    // A client that has a list need not fetch another one before its end; one that cannot, because nothing runs, has a week.
    private static readonly TimeSpan Lifetime = TimeSpan.FromDays(7);
    private static readonly TimeSpan Renewal = TimeSpan.FromDays(1);

    /// <summary>Whether the certificate is on the list.</summary>
    public bool Contains(X509Certificate2 certificate) => File.Exists(path) && Load().Builder.RemoveEntry(certificate.SerialNumberBytes.Span);

    /// <summary>The list in DER if it was signed today; else null. Files are replaced whole, so this takes no lock.</summary>
    public byte[]? Today()
    {
        if (!File.Exists(path) || time.GetUtcNow() - File.GetLastWriteTimeUtc(path) > Renewal) return null;
        var pem = File.ReadAllText(path);
        return Convert.FromBase64String(pem[PemEncoding.Find(pem).Base64Data]);
    }

    /// <summary>Signs the list as it is.</summary>
    public void Renew(X509Certificate2 authority) => Sign(authority, _ => { });

    /// <summary>Puts a certificate on the list.</summary>
    public void Add(X509Certificate2 authority, X509Certificate2 certificate) =>
        Sign(authority, builder => builder.AddEntry(certificate, time.GetUtcNow(), X509RevocationReason.CessationOfOperation));

    private void Sign(X509Certificate2 authority, Action<CertificateRevocationListBuilder> change)
    {
        var (builder, number) = File.Exists(path) ? Load() : (new(), 0);
        change(builder);
        var now = time.GetUtcNow();
        OwnerOnly.Write(path, PemEncoding.WriteString(Label, builder.Build(authority, number + 1, now + Lifetime, HashAlgorithmName.SHA256, thisUpdate: now.AddMinutes(-5))) + "\n");
        File.SetLastWriteTimeUtc(path, now.UtcDateTime);
    }

    private (CertificateRevocationListBuilder Builder, System.Numerics.BigInteger Number) Load()
    {
        var builder = CertificateRevocationListBuilder.LoadPem(File.ReadAllText(path), out var number);
        return (builder, number);
    }
}
