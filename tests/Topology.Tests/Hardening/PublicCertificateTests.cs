using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Topology.Hardening.Certificates;
using Topology.Tests.Infrastructure;

namespace Topology.Tests.Hardening;

/// <summary>Which certificate a public listener sends for which name.</summary>
public sealed class PublicCertificateTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("topology-sites-").FullName;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Each_name_gets_its_certificate_with_the_intermediates_and_an_unknown_one_no_handshake()
    {
        using var root = Issue("root", null, isAuthority: true);
        using var one = Issue("first issuer", root, isAuthority: true);
        using var two = Issue("second issuer", root, isAuthority: true);
        using var first = Issue("first.example", one);
        using var second = Issue("*.second.example", two);
        await using var service = await Recorder.StartAsync(
        [
            .. Files("Public", "first", first, one), .. Files("Sites:0", "second", second, two),
                ("AllowedHosts", "first.example;*.second.example"),
        ]);
        Assert.Equal("CN=first.example", await AskAsync(service.Url("https"), "first.example", root));
        Assert.Equal("CN=*.second.example", await AskAsync(service.Url("https"), "www.second.example", root));
        Assert.Equal("CN=first.example", await AskAsync(service.Url("https"), "127.0.0.1", root, RemoteCertificateNameMismatch));
        foreach (var unknown in (string[])["third.example", "second.example", "a.b.second.example", "localhost"])
        {
            await Assert.ThrowsAnyAsync<Exception>(() => AskAsync(service.Url("https"), unknown, root, RemoteCertificateNameMismatch));
        }
    }

    [Fact]
    public async Task A_suite_of_cbc_mode_is_not_spoken()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "On other systems the system settings decide.");
        await using var service = await Recorder.StartAsync();
        await Assert.ThrowsAnyAsync<Exception>(() => SpeakAsync(TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256));
        await SpeakAsync(TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256);

        async Task SpeakAsync(TlsCipherSuite suite)
        {
            using var client = new TcpClient();
            await client.ConnectAsync("127.0.0.1", service.Url("https").Port, Cancelled);
            await using var tls = new SslStream(client.GetStream());
            await tls.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions
                {
                    TargetHost = "localhost",
                    EnabledSslProtocols = SslProtocols.Tls12,
#pragma warning disable CA1416 // Linux only, see the skip above.
                    CipherSuitesPolicy = new([suite]),
#pragma warning restore CA1416
                    CertificateChainPolicy = ServiceHost.Trust(LocalAuthorities.Public),
                },
                Cancelled);
        }
    }

    private const SslPolicyErrors RemoteCertificateNameMismatch = SslPolicyErrors.RemoteCertificateNameMismatch;

    /// <summary>The subject of the certificate, after checking that the sent chain leads to the root.</summary>
    private static async Task<string> AskAsync(
        Uri url, string name, X509Certificate2 root, SslPolicyErrors tolerated = SslPolicyErrors.None)
    {
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true
        };
        policy.CustomTrustStore.Add(root);
        using var client = new TcpClient();
        await client.ConnectAsync("127.0.0.1", url.Port, Cancelled);
        await using var tls = new SslStream(client.GetStream());
        await tls.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions
            {
                TargetHost = name,
                CertificateChainPolicy = policy,
                RemoteCertificateValidationCallback = (_, _, _, errors) => (errors & ~tolerated) == SslPolicyErrors.None,
            },
            Cancelled).WaitAsync(TimeSpan.FromSeconds(10), Cancelled);
        return tls.RemoteCertificate!.Subject;
    }

    private IEnumerable<(string, string)> Files(string key, string file, X509Certificate2 leaf, X509Certificate2 issuer)
    {
        var path = Path.Combine(_folder, file);
        File.WriteAllText(path + ".pem", leaf.ExportCertificatePem() + "\n" + issuer.ExportCertificatePem());
        File.WriteAllText(path + ".key", leaf.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem());
        return [($"Topology:Certificates:{key}:Certificate", path + ".pem"), ($"Topology:Certificates:{key}:Key", path + ".key")];
    }

    private static X509Certificate2 Issue(string name, X509Certificate2? issuer, bool isAuthority = false)
    {
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(isAuthority, false, 0, true));
        if (!isAuthority)
        {
            var names = new SubjectAlternativeNameBuilder();
            names.AddDnsName(name);
            request.CertificateExtensions.Add(names.Build());
        }

        var (from, to) = (DateTimeOffset.UtcNow.AddMinutes(-5), DateTimeOffset.UtcNow.AddDays(1));
        if (issuer is null) return request.CreateSelfSigned(from, to);
        using var certificate = request.Create(issuer, from, to, RandomNumberGenerator.GetBytes(8));
        return certificate.CopyWithPrivateKey(key);
    }
}
