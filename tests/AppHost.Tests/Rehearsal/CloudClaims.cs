using Topology.Tests.Claims;
using Topology.Tests.Infrastructure;

namespace Topology.Tests.Publishing;

/// <summary>The cloud's manifest with what claims ask for: a second catalog, and services that tell who asks, which in production they do not.</summary>
public sealed class CloudClaims : ClaimsFixture
{
    private readonly ManifestFile _manifest = new();

    protected override Task<ManifestHostProcess> StartAsync()
    {
        foreach (var service in (string[])["catalog", "orders", "media", "live"]) _manifest.Change(service, "/env/Topology__WhoAmI", "true");
        return ManifestHostProcess.StartAsync(["--manifest", _manifest.File, "--dynamic-ports", "--no-build", "--no-dashboard", "--replicas", "catalog=2"]);
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        _manifest.Dispose();
    }
}
