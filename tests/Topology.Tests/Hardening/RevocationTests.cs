using Topology.Hardening.Certificates;

namespace Topology.Tests.ServiceDefaults;

public sealed class RevocationTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("topology-revoked-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void The_list_is_read_again_when_it_has_changed_and_not_before()
    {
        var authority = new LocalAuthority(_folder, LocalAuthorities.Internal, TimeProvider.System);
        using var edge = authority.GetLeaf("edge", ["edge"]);
        using var orders = authority.GetLeaf("orders", ["orders"]);
        authority.Revoke("edge");
        Assert.True(authority.IsRevoked(edge));
        Assert.False(authority.IsRevoked(orders));

        // The file is not read again while its time is unchanged.
        var file = Path.Combine(_folder, LocalAuthorities.Internal, "ca.crl");
        var (content, written) = (File.ReadAllText(file), File.GetLastWriteTimeUtc(file));
        File.WriteAllText(file, "no list");
        File.SetLastWriteTimeUtc(file, written);
        Assert.True(authority.IsRevoked(edge));
        Assert.False(authority.IsRevoked(orders));

        File.WriteAllText(file, content);
        new LocalAuthority(_folder, LocalAuthorities.Internal, TimeProvider.System).Revoke("orders");
        Assert.True(authority.IsRevoked(orders));
    }
}
