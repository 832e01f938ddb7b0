using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Topology.Hardening.Certificates;

/// <summary>
/// A certificate authority of the current user: ECDSA P-256, in a folder that only this user can read. There are two. <c>internal</c> is
/// for the internal network. <c>public</c> stands in for a public authority that browsers trust. Because they are separate, it is visible
/// which of them each party trusts. Several processes may start together; a file lock lets only one of them issue certificates at a time.
/// </summary>
/// <param name="root">The folder that holds both authorities.</param>
/// <param name="name"><c>internal</c> or <c>public</c>.</param>
/// <param name="time">The clock, for validity and rotation.</param>
public sealed class LocalAuthority(string root, string name, TimeProvider time)
{
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";
    private const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";

    /// <summary>The name of the authority's own files, which no leaf can have.</summary>
    public const string AuthorityFile = "ca";

    private const string PreviousAuthorityFile = "ca.previous";

    private static readonly TimeSpan AuthorityLifetime = TimeSpan.FromDays(3 * 365);
    private static readonly TimeSpan LeafLifetime = TimeSpan.FromDays(90);

    /// <summary>A leaf is replaced this long before it expires.</summary>
    public static readonly TimeSpan LeafRenewal = TimeSpan.FromDays(30);

    /// <summary>An authority is replaced this long before it expires: longer than a leaf lives, so no leaf outlives it.</summary>
    private static readonly TimeSpan AuthorityRenewal = TimeSpan.FromDays(120);

    private readonly ConcurrentDictionary<string, RevocationList> _lists = new(StringComparer.Ordinal);

    /// <summary>The URL of the revocation list, for new leaves. If null, they have none, and stored leaves may have any.</summary>
    public Uri? RevocationListUrl { get; init; }

    /// <summary>The folder of this authority.</summary>
    public string Directory { get; } = Path.Combine(root, name);

    /// <summary><c>internal</c> or <c>public</c>.</summary>
    public string Name => name;

    /// <summary>The PEM file of the authority's certificate, for clients that trust it.</summary>
    public string CertificateFile => CertificatePath(AuthorityFile);

    /// <summary>
    /// The authority's certificate, created on first use. Also includes the previous authority's certificate while certificates that it
    /// issued may still be in use.
    /// </summary>
    public X509Certificate2Collection Trusted()
    {
        using var held = Lock();
        using var authority = GetAuthority();
        var trusted = new X509Certificate2Collection(X509CertificateLoader.LoadCertificateFromFile(CertificateFile));
        if (File.Exists(CertificatePath(PreviousAuthorityFile)))
        {
            trusted.Add(X509CertificateLoader.LoadCertificateFromFile(CertificatePath(PreviousAuthorityFile)));
        }

        return trusted;
    }

    /// <summary>
    /// A leaf certificate with its private key: the stored one, or a new one if it is missing, expires soon, or has another issuer or
    /// other names.
    /// </summary>
    /// <param name="leaf">The leaf's name: the common name and the files' name.</param>
    /// <param name="dnsNames">DNS names and IP addresses to issue it for.</param>
    public X509Certificate2 GetLeaf(string leaf, IReadOnlyCollection<string> dnsNames)
    {
        using var held = Lock();
        using var authority = GetAuthority();
        X509Extension[] particulars = [Names(dnsNames), .. RevocationListExtension];
        if (Load(leaf) is { } stored)
        {
            if (stored.NotAfter - time.GetUtcNow() > LeafRenewal && IsIssuedBy(stored, authority)
                && particulars.All(extension => Has(stored, extension)))
            {
                return stored;
            }
            stored.Dispose();
        }

        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={leaf}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new(ServerAuthentication), new(ClientAuthentication)], false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(authority, true, false));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        foreach (var extension in particulars) request.CertificateExtensions.Add(extension);

        var now = time.GetUtcNow();
        using var issued = request.Create(authority, now.AddMinutes(-5), now + LeafLifetime, SerialNumber());
        Save(leaf, issued, key);
        return Load(leaf)!;
    }

    /// <summary>Revokes and deletes a leaf. The next request for it gets a new one. Open connections stay open.</summary>
    /// <returns>Whether the leaf existed.</returns>
    public bool Revoke(string leaf)
    {
        using var held = Lock();
        using var authority = GetAuthority();
        if (leaf is AuthorityFile or PreviousAuthorityFile || !File.Exists(CertificatePath(leaf))) return false;
        // Loads only the certificate, because the key may be missing. The leaf may be one of the previous authority: it stays trusted until
        // it expires, so it must be revocable too.
        using var stored = X509CertificateLoader.LoadCertificateFromFile(CertificatePath(leaf));
        Revoked(AuthorityFile).Add(authority, stored);
        File.Delete(KeyPath(leaf));
        File.Delete(CertificatePath(leaf));
        return true;
    }

    /// <summary>Whether this authority or the previous one revoked the leaf.</summary>
    public bool IsRevoked(X509Certificate2 leaf) => Revoked(AuthorityFile).Contains(leaf) || Revoked(PreviousAuthorityFile).Contains(leaf);

    /// <summary>The published list of revoked leaves (DER, RFC 5280 section 5).</summary>
    public byte[] RevocationList()
    {
        var list = Revoked(AuthorityFile);
        if (list.Today() is { } today) return today;

        using var held = Lock();
        using var authority = GetAuthority();
        list.Renew(authority);
        return list.Today()!;
    }

    /// <summary>Creates a new authority and deletes all leaves. The old authority stays trusted until its leaves have expired.</summary>
    public void Renew()
    {
        using var held = Lock();
        Replace();
    }

    private X509Certificate2 GetAuthority()
    {
        if (Load(AuthorityFile) is { } stored)
        {
            if (stored.NotAfter - time.GetUtcNow() > AuthorityRenewal) return stored;
            stored.Dispose();
        }

        Replace();
        return Load(AuthorityFile)!;
    }

    private void Replace()
    {
        if (File.Exists(CertificateFile)) File.Move(CertificateFile, CertificatePath(PreviousAuthorityFile), overwrite: true);
        if (File.Exists(RevocationPath(AuthorityFile)))
        {
            File.Move(RevocationPath(AuthorityFile), RevocationPath(PreviousAuthorityFile), overwrite: true);
        }
        foreach (var file in System.IO.Directory.EnumerateFiles(Directory, "*.key")) File.Delete(file);

        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var now = time.GetUtcNow();
        var request =
            new CertificateRequest($"CN=Topology local {name} authority {now:yyyy-MM-dd}, O=Topology", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, true, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        using var authority = request.CreateSelfSigned(now.AddMinutes(-5), now + AuthorityLifetime);
        Save(AuthorityFile, authority, key);
    }

    private X509Certificate2? Load(string file)
    {
        if (!File.Exists(CertificatePath(file)) || !File.Exists(KeyPath(file))) return null;
        try
        {
            return Pem.Load(new(CertificatePath(file), KeyPath(file)));
        }
        catch (CryptographicException)
        {
            return null; // An incomplete pair, for example after a full disk, is replaced.
        }
    }

    private void Save(string file, X509Certificate2 certificate, ECDsa key)
    {
        // Write the key before the certificate: a certificate without its key counts as missing and is replaced.
        OwnerOnly.Write(KeyPath(file), key.ExportPkcs8PrivateKeyPem());
        OwnerOnly.Write(CertificatePath(file), certificate.ExportCertificatePem() + "\n");
    }

    private FileStream Lock()
    {
        OwnerOnly.CreateDirectory(Directory);
        var file = Path.Combine(Directory, ".lock");
        for (var waited = TimeSpan.Zero; ; waited += TimeSpan.FromMilliseconds(20))
        {
            try
            {
                return new FileStream(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException) when (waited < TimeSpan.FromSeconds(30))
            {
                Thread.Sleep(20);
            }
        }
    }

    private string CertificatePath(string file) => Path.Combine(Directory, file + ".pem");

    private string KeyPath(string file) => Path.Combine(Directory, file + ".key");

    private string RevocationPath(string file) => Path.Combine(Directory, file + ".crl");

    private RevocationList Revoked(string file) => _lists.GetOrAdd(file, name => new(RevocationPath(name), time));

    private IEnumerable<X509Extension> RevocationListExtension =>
        RevocationListUrl is { } url ? [CertificateRevocationListBuilder.BuildCrlDistributionPointExtension([url.ToString()])] : [];

    private static bool IsIssuedBy(X509Certificate2 leaf, X509Certificate2 authority) =>
        leaf.Extensions.OfType<X509AuthorityKeyIdentifierExtension>().FirstOrDefault()?.KeyIdentifier is { } issuer &&
        authority.Extensions.OfType<X509SubjectKeyIdentifierExtension>().FirstOrDefault()?.SubjectKeyIdentifierBytes is { } subject &&
        issuer.Span.SequenceEqual(subject.Span);

    private static bool Has(X509Certificate2 leaf, X509Extension wanted) =>
        leaf.Extensions.FirstOrDefault(extension => extension.Oid?.Value == wanted.Oid?.Value) is { } extension &&
        extension.RawData.AsSpan().SequenceEqual(wanted.RawData);

    private static X509Extension Names(IReadOnlyCollection<string> names)
    {
        var builder = new SubjectAlternativeNameBuilder();
        foreach (var entry in names)
        {
            if (IPAddress.TryParse(entry, out var address)) builder.AddIpAddress(address);
            else builder.AddDnsName(entry);
        }

        return builder.Build();
    }

    private static byte[] SerialNumber()
    {
        var serial = RandomNumberGenerator.GetBytes(16);
        serial[0] = (byte)(serial[0] & 0x7F | 0x40); // Positive and of fixed length, RFC 5280 section 4.1.2.2.
        return serial;
    }
}
