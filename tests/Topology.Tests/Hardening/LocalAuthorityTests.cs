using Microsoft.Extensions.Time.Testing;
using Topology.Hardening.Certificates;

namespace Topology.Tests.ServiceDefaults;

public sealed class LocalAuthorityTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("topology-authority-").FullName;
    private readonly FakeTimeProvider _clock = new(DateTimeOffset.UtcNow);

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void A_leaf_is_issued_once_and_is_trusted_through_its_authority_only()
    {
        var leaf = Authority().GetLeaf("catalog", ["catalog"]);
        Assert.Equal(leaf.Thumbprint, Authority().GetLeaf("catalog", ["catalog"]).Thumbprint);
        Assert.Null(CertificateChecks.Verify(leaf, Authority().Trusted(), CertificateChecks.Server));
        Assert.Contains(
            "another authority", CertificateChecks.Verify(leaf, Authority("public").Trusted(), CertificateChecks.Server),
            StringComparison.Ordinal);
        Assert.True(leaf.HasPrivateKey);
        Assert.Equal("1.2.840.10045.2.1", leaf.PublicKey.Oid.Value); // ECDSA
    }

    [Fact]
    public void A_leaf_for_other_names_is_issued_anew() =>
        Assert.NotEqual(Authority().GetLeaf("edge", ["edge"]).Thumbprint, Authority().GetLeaf("edge", ["edge", "edge-tls"]).Thumbprint);

    [Fact]
    public void A_leaf_is_replaced_before_it_ends()
    {
        var first = Authority().GetLeaf("catalog", ["catalog"]);
        _clock.SetUtcNow(first.NotAfter.ToUniversalTime() - LocalAuthority.LeafRenewal + TimeSpan.FromHours(1));
        Assert.NotEqual(first.Thumbprint, Authority().GetLeaf("catalog", ["catalog"]).Thumbprint);
    }

    [Fact]
    public void A_renewed_authority_issues_new_leaves_and_the_old_ones_stay_trusted()
    {
        var old = Authority().GetLeaf("catalog", ["catalog"]);
        Authority().Renew();
        var renewed = Authority().GetLeaf("catalog", ["catalog"]);
        Assert.NotEqual(old.Thumbprint, renewed.Thumbprint);
        Assert.Null(CertificateChecks.Verify(old, Authority().Trusted(), CertificateChecks.Server));
        Assert.Null(CertificateChecks.Verify(renewed, Authority().Trusted(), CertificateChecks.Server));
    }

    [Fact]
    public void A_revoked_leaf_is_refused_for_good_and_replaced()
    {
        var revoked = Authority().GetLeaf("catalog", ["catalog"]);
        var other = Authority().GetLeaf("orders", ["orders"]);
        Assert.True(Authority().Revoke("catalog"));
        Assert.False(Authority().Revoke("catalog"));

        var renewed = Authority().GetLeaf("catalog", ["catalog"]);
        Assert.NotEqual(revoked.Thumbprint, renewed.Thumbprint);
        Assert.Equal("its certificate was revoked", Verify(revoked));
        Assert.Null(Verify(renewed));
        Assert.Null(Verify(other));

        // The previous authority stays trusted, except for its revoked leaves, including those revoked only now.
        Authority().Renew();
        Assert.Equal("its certificate was revoked", Verify(revoked));
        Assert.Null(Verify(other));
        Assert.True(Authority().Revoke("orders"));
        Assert.Equal("its certificate was revoked", Verify(other));

        string? Verify(System.Security.Cryptography.X509Certificates.X509Certificate2 leaf) =>
            CertificateChecks.Verify(leaf, Authority().Trusted(), CertificateChecks.Client, Authority().IsRevoked);
    }

    [Fact]
    public void The_list_of_revoked_leaves_is_signed_anew_each_day_and_forgets_none()
    {
        using var leaf = Authority().GetLeaf("catalog", ["catalog"]);
        Authority().Revoke("catalog");
        var first = Authority().RevocationList();
        Assert.Equal(first, Authority().RevocationList());

        _clock.Advance(TimeSpan.FromDays(2));
        var second = Authority().RevocationList();
        var numbers = new List<System.Numerics.BigInteger>();
        foreach (var list in (byte[][])[first, second])
        {
            var builder = System.Security.Cryptography.X509Certificates.CertificateRevocationListBuilder.Load(list, out var number);
            numbers.Add(number);
            Assert.True(builder.RemoveEntry(leaf.SerialNumberBytes.Span));
        }

        Assert.Equal(numbers[0] + 1, numbers[1]);
    }

    [Fact]
    public async Task Processes_that_start_at_once_agree_on_one_authority()
    {
        var issuers = await Task.WhenAll(
            Enumerable.Range(0, 16).Select(i => Task.Run(() => Authority().GetLeaf($"service-{i % 4}", [$"service-{i % 4}"]))));
        Assert.Equal(4, issuers.Select(leaf => leaf.Thumbprint).Distinct().Count());
        Assert.All(issuers, leaf => Assert.Null(CertificateChecks.Verify(leaf, Authority().Trusted(), CertificateChecks.Server)));
    }

    [Fact]
    public void Only_the_owner_can_read_the_files()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows keeps the user's profile private by other means.");
        Authority().GetLeaf("catalog", ["catalog"]);
        foreach (var file in Directory.EnumerateFileSystemEntries(_root, "*", SearchOption.AllDirectories)
            .Where(file => !file.EndsWith(".lock", StringComparison.Ordinal)))
        {
            if (!OperatingSystem.IsWindows())
            {
                Assert.Equal(
                    UnixFileMode.None,
                    File.GetUnixFileMode(file) & ~(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute));
            }
        }
    }

    [Fact]
    public void Half_a_pair_of_files_is_made_anew()
    {
        var first = Authority().GetLeaf("catalog", ["catalog"]);
        File.WriteAllText(Path.Combine(_root, "internal", "catalog.key"), "-----BEGIN");
        var second = Authority().GetLeaf("catalog", ["catalog"]);
        Assert.NotEqual(first.Thumbprint, second.Thumbprint);
        Assert.True(second.HasPrivateKey);
    }

    private LocalAuthority Authority(string name = LocalAuthorities.Internal) => new(_root, name, _clock);
}
