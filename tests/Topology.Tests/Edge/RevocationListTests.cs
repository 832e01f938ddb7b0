using System.Diagnostics;
using System.Security.Cryptography;
using Topology.Edge.Upstreams;
using Topology.Hardening.Certificates;
using Topology.Tests.Infrastructure;

namespace Topology.Tests.Edge;

/// <summary>What the local public authority has revoked, as a client of the public finds it.</summary>
public sealed class RevocationListTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("topology-revocation-").FullName;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_client_that_asks_the_list_takes_a_certificate_until_it_is_revoked()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows' curl takes the list from the certificate's address only.");
        Assert.SkipWhen(Programs.Find("curl") is null, "curl is not installed; on Debian: apt-get install curl.");
        await using var edge = ServiceHost.Start<UpstreamOptions>([("Topology:Certificates:Directory", _folder)]);
        var authority = new LocalAuthority(_folder, LocalAuthorities.Public, TimeProvider.System);
        Assert.Equal(0, await CurlAsync());

        authority.Revoke("edge");
        const int BadCertificate = 60;
        Assert.Equal(BadCertificate, await CurlAsync());

        async Task<int> CurlAsync()
        {
            using var response = await edge.Client().GetAsync(LocalAuthorities.RevocationListPath, Cancelled);
            Assert.Equal("application/pkix-crl", response.EnsureSuccessStatusCode().Content.Headers.ContentType?.MediaType);
            var list = Path.Combine(_folder, "list.pem");
            var der = await response.Content.ReadAsByteArrayAsync(Cancelled);
            await File.WriteAllTextAsync(list, PemEncoding.WriteString("X509 CRL", der), Cancelled);
            using var curl = Process.Start(
                "curl", [
                "-q", "--noproxy", "*", "--silent", "--output", Path.Combine(_folder, "answer"), "--cacert", authority.CertificateFile,
                "--crlfile", list, new Uri(edge.Url("https"), "/nothing").ToString()]);
            await curl.WaitForExitAsync(Cancelled);
            return curl.ExitCode;
        }
    }

    [Fact]
    public async Task An_edge_with_a_certificate_of_its_own_has_no_list()
    {
        using (new LocalAuthority(_folder, LocalAuthorities.Public, TimeProvider.System).GetLeaf("own", LocalAuthorities.PublicNames))
        {
            await using var edge = ServiceHost.Start<UpstreamOptions>(
            [
                ("Topology:Certificates:Public:Certificate", Path.Combine(_folder, "public", "own.pem")),
                ("Topology:Certificates:Public:Key", Path.Combine(_folder, "public", "own.key")),
            ]);
            using var response = await edge.Client().GetAsync(LocalAuthorities.RevocationListPath, Cancelled);
            Assert.Equal(System.Net.HttpStatusCode.NotFound, response.StatusCode);
        }
    }
}
