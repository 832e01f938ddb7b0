using Topology.ManifestHost;
using Topology.ManifestHost.Ingress;
using Topology.ManifestHost.Manifests;
using Topology.ManifestHost.Running;

namespace Topology.Tests.Publishing;

/// <summary>What a platform's manifest becomes on one machine, before anything starts.</summary>
public sealed class PlatformTests
{
    private static readonly Manifest Cloud = ManifestReader.Read(Path.Combine(Repository.Find()!.Manifests, "cloud.json"));

    [Fact]
    public void The_clouds_manifest_expects_a_platform_and_the_labs_does_not()
    {
        Assert.True(Platform.IsExpectedBy(Cloud));
        Assert.False(Platform.IsExpectedBy(ManifestReader.Read(Repository.Find()!.LabManifest)));
    }

    [Fact]
    public void Every_process_listens_on_loopback_and_on_ports_of_its_own()
    {
        var platform = new Platform(Cloud, new Dictionary<string, int> { ["catalog"] = 2 });

        Assert.Equal(["catalog-1", "catalog-2"], platform.Replicas.Where(replica => replica.Of == "catalog").Select(replica => replica.Name));
        Assert.All(platform.Replicas, replica => Assert.Equal("localhost", replica.Process.Environment["Topology__ListenAddress"]));
        var bindings = platform.Replicas.SelectMany(replica => replica.Process.Bindings.Values).ToList();
        Assert.All(bindings, binding => Assert.Null(binding.FixedPort));
        // Bindings of one port there, such as the edge's http and https, are of one here.
        var ports = platform.Replicas.Sum(replica => platform.Manifest.Processes.Single(process => process.Name == replica.Of).Bindings.Values.Select(binding => binding.FixedPort).Distinct().Count());
        Assert.Equal(ports, bindings.Distinct().Count());
        Assert.DoesNotContain(platform.Manifest.Processes.SelectMany(process => process.Environment), entry => int.TryParse(entry.Value, out _) && entry.Key.StartsWith("Topology__Listeners__", StringComparison.Ordinal));
    }

    [Fact]
    public void Only_the_outside_meets_TLS_on_the_well_known_ports()
    {
        var entrances = new Platform(Cloud, new Dictionary<string, int>()).Entrances;

        var edge = Assert.Single(entrances, entrance => entrance.External);
        Assert.Equal(("edge", 8080, 8443), (edge.Resource, edge.Cleartext.FixedPort, edge.Tls?.FixedPort));
        Assert.False(edge.AllowsInsecure);
        Assert.All(entrances.Except([edge]), entrance => Assert.True(entrance is { Tls: null, AllowsInsecure: true, Cleartext.FixedPort: null }));
        Assert.Equal(["live-grpc"], entrances.Where(entrance => entrance.Http2).Select(entrance => entrance.Resource));
    }

    [Fact]
    public void A_port_beside_the_one_that_is_external_is_passed_on_as_TCP()
    {
        var platform = new Platform(ManifestReader.Read(Path.Combine(Repository.Find()!.Manifests, "cloud-both.json")), new Dictionary<string, int> { ["catalog"] = 2 });

        Assert.Equal(["catalog", "live", "media", "orders"], platform.Entrances.Where(entrance => entrance.IsTcp).Select(entrance => entrance.Resource).Order());
        Assert.All(platform.Entrances.Where(entrance => entrance.IsTcp), entrance => Assert.True(entrance is { Names: ["internal"], Tls: null, External: false, Cleartext.FixedPort: null }));
        Assert.Equal(["catalog", "edge", "live", "media", "orders"], platform.Entrances.Where(entrance => entrance.External).Select(entrance => entrance.Resource).Order());
        Assert.Equal(("edge", 8443), platform.Entrances.Where(entrance => entrance.External).Select(entrance => (entrance.Resource, entrance.Tls!.FixedPort)).First());
        // Each way leads to the process's own port for it.
        var catalog = platform.Manifest.Processes.Single(process => process.Name == "catalog").Bindings;
        var (main, inside) = (platform.To(catalog["https"])!, platform.To(catalog["internal"])!);
        Assert.Equal(2, inside.Targets.Count);
        Assert.NotEqual(main.Cleartext, inside.Cleartext);
        Assert.Empty(main.Targets.Select(target => target.Binding).Intersect(inside.Targets.Select(target => target.Binding)));
    }

    [Fact]
    public void Others_see_the_ingress_and_a_process_sees_its_own_port()
    {
        var platform = new Platform(Cloud, new Dictionary<string, int>());
        var edge = platform.Replicas.Single(replica => replica.Of == "edge").Process;
        var values = new ValueResolver(
            platform.Manifest, binding => binding.Resource == "edge" ? 1 : 2, (_, _) => "", binding => platform.To(binding)!.Resource == "edge" ? 8080 : 4);

        var environment = values.Environment(edge);

        Assert.Equal("http://localhost:4", environment["services__catalog__http__0"]);
        Assert.Equal("localhost", environment["Topology__AllowedHosts"]);
        Assert.Equal("1", environment["Topology__Listeners__ingress"]);
    }

    [Theory]
    [InlineData("catalog", "write it as --replicas name=count")]
    [InlineData("catalog=0", "from 1 to 20")]
    [InlineData("catalog=many", "from 1 to 20")]
    [InlineData("nobody=2", "has no such resource; it has catalog")]
    public void Replicas_that_cannot_be_are_refused(string pair, string expected) =>
        Assert.Contains(expected, Assert.Throws<UsageException>(() => Platform.ParseReplicas([pair], Cloud)).Message, StringComparison.Ordinal);

    [Fact]
    public void Replicas_need_an_ingress() =>
        Assert.Contains("no ingress", Assert.Throws<UsageException>(() => Platform.ParseReplicas(["media=2"], ManifestReader.Read(Repository.Find()!.LabManifest))).Message, StringComparison.Ordinal);

    [Fact]
    public void Requests_go_round_the_replicas_that_run()
    {
        var replicas = new Platform(Cloud, new Dictionary<string, int> { ["catalog"] = 3 }).Replicas.Where(replica => replica.Of == "catalog").ToArray();
        var turn = new RoundRobin([.. replicas.Select(replica => (replica, replica.Name))]);

        Assert.Equal(3, Enumerable.Range(0, 3).Select(_ => turn.Next(_ => true)).Distinct().Count());
        Assert.Equal(["catalog-1", "catalog-3"], Enumerable.Range(0, 6).Select(_ => turn.Next(replica => replica.Name != "catalog-2")).Distinct().Order());
        Assert.Null(turn.Next(_ => false));
    }
}
