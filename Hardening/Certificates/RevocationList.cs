using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Topology.Hardening.Certificates;

/// <summary>
/// The list of an authority's revoked certificates (RFC 5280 section 5), in a PEM file. It is signed again on request if older than a day.
/// </summary>
/// <param name="path">The file.</param>
/// <param name="time">The clock.</param>
internal sealed class RevocationList(string path, TimeProvider time)
{
    private const string Label = "X509 CRL";

    // Clients may cache a list for its lifetime. If no process runs to serve a new list, the old one stays valid for up to a week.
    private static readonly TimeSpan Lifetime = TimeSpan.FromDays(7);
    private static readonly TimeSpan Renewal = TimeSpan.FromDays(1);

    private Verdicts _verdicts = new(default);

    /// <summary>
    /// Whether the certificate is revoked. Every internal handshake asks this for the same few certificates, so the file is read only after
    /// it changed.
    /// </summary>
    public bool Contains(X509Certificate2 certificate)
    {
        if (!File.Exists(path)) return false;
        var written = File.GetLastWriteTimeUtc(path);
        var verdicts = _verdicts;
        if (verdicts.Written != written) _verdicts = verdicts = new(written);
        return verdicts.BySerial.GetOrAdd(certificate.SerialNumber, _ => Load().Builder.RemoveEntry(certificate.SerialNumberBytes.Span));
    }

    /// <summary>
    /// The list in DER if it was signed within the last day, otherwise null. Files are replaced atomically, so this needs no lock.
    /// </summary>
    public byte[]? Today()
    {
        if (!File.Exists(path) || time.GetUtcNow() - File.GetLastWriteTimeUtc(path) > Renewal) return null;
        var pem = File.ReadAllText(path);
        return Convert.FromBase64String(pem[PemEncoding.Find(pem).Base64Data]);
    }

    /// <summary>Signs the list again without changes.</summary>
    public void Renew(X509Certificate2 authority) => Sign(authority, _ => { });

    /// <summary>Adds a certificate to the list.</summary>
    public void Add(X509Certificate2 authority, X509Certificate2 certificate) =>
        Sign(authority, builder => builder.AddEntry(certificate, time.GetUtcNow(), X509RevocationReason.CessationOfOperation));

    private void Sign(X509Certificate2 authority, Action<CertificateRevocationListBuilder> change)
    {
        var (builder, number) = File.Exists(path) ? Load() : (new(), 0);
        change(builder);
        var now = time.GetUtcNow();
        OwnerOnly.Write(
            path, PemEncoding.WriteString(
            Label, builder.Build(authority, number + 1, now + Lifetime, HashAlgorithmName.SHA256, thisUpdate: now.AddMinutes(-5))) + "\n");
        File.SetLastWriteTimeUtc(path, now.UtcDateTime);
        _verdicts = new(default);
    }

    private sealed record Verdicts(DateTime Written)
    {
        public ConcurrentDictionary<string, bool> BySerial { get; } = new(StringComparer.Ordinal);
    }

    private (CertificateRevocationListBuilder Builder, System.Numerics.BigInteger Number) Load()
    {
        var builder = CertificateRevocationListBuilder.LoadPem(File.ReadAllText(path), out var number);
        return (builder, number);
    }
}
