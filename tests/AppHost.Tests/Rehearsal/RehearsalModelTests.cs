using System.Text.Json.Nodes;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Topology.AppHost.Cloud;
using Topology.AppHost.Rehearsal;
using Topology.AppHost.Running;

namespace Topology.AppHost.Tests.Rehearsal;

/// <summary>What a published manifest becomes on one machine, before anything starts.</summary>
public sealed class RehearsalModelTests : IDisposable
{
    private readonly DirectoryInfo _data = Directory.CreateTempSubdirectory("topology-rehearsal-");

    public void Dispose() => _data.Delete(recursive: true);

    [Fact]
    public void Every_project_becomes_a_resource_behind_the_ingress_and_replicas_have_names_of_their_own()
    {
        var builder = Rehearse("cloud.json", "--Topology:Replicas:catalog=2");
        Assert.Equal(
            ["ingress", "catalog-1", "catalog-2", "orders", "media", "live", "live-grpc", "edge", "traffic"],
            Projects(builder).Select(project => project.Name));
        Assert.All(Projects(builder), project => Assert.NotEmpty(project.Annotations.OfType<HealthCheckAnnotation>()));
        Assert.All(
            Projects(builder).Skip(1), project =>
            Assert.Contains(project.Annotations.OfType<WaitAnnotation>(), wait => wait.Resource.Name == "ingress"));
        Assert.Equal(
            ["catalog-1", "catalog-2", "ingress"],
            Find(builder, "orders").Annotations.OfType<WaitAnnotation>().Select(wait => wait.Resource.Name).Order());
    }

    [Fact]
    public void References_through_values_and_in_arguments_count_as_needs()
    {
        using var manifest = new ManifestFile();
        manifest.Change("catalog-url", "", new JsonObject { ["type"] = "value.v0", ["connectionString"] = "{catalog.bindings.http.url}" });
        manifest.Change("media", "/env/X", "{catalog-url.connectionString}");
        manifest.Change("live", "/args", new JsonArray("--orders", "{orders.bindings.http.url}"));
        var builder = Build(manifest.File);
        Assert.Equal(["catalog", "ingress"], Waits("media"));
        Assert.Equal(["ingress", "orders"], Waits("live"));

        IEnumerable<string> Waits(string name) =>
            Find(builder, name).Annotations.OfType<WaitAnnotation>().Select(wait => wait.Resource.Name).Order();
    }

    [Fact]
    public async Task Every_process_listens_on_loopback_and_on_free_ports_of_its_own()
    {
        var builder = Rehearse("cloud-both.json", "--Topology:Replicas:catalog=2");
        foreach (var project in Projects(builder).Skip(1))
        {
            var environment = await EnvironmentAsync(project);
            var endpoints = Endpoints(project);
            Assert.Equal("localhost", environment["Topology__ListenAddress"]);
            Assert.Equal("Production", environment["ASPNETCORE_ENVIRONMENT"]);
            Assert.DoesNotContain("HTTP_PORTS", environment.Keys);
            Assert.DoesNotContain("ASPNETCORE_URLS", environment.Keys);
            Assert.All(endpoints, endpoint => Assert.Equal((null, null, false), (endpoint.Port, endpoint.TargetPort, endpoint.IsProxied)));
            // Bindings of one port there, such as the edge's http and https, are of one here.
            var listeners =
                environment.Where(variable => variable.Key.StartsWith("Topology__Listeners__", StringComparison.Ordinal))
                .Select(variable => variable.Value).ToList();
            Assert.Equal(
                endpoints.Select(endpoint => $"{{{project.Name}.bindings.{endpoint.Name}.targetPort}}").Order(), listeners.Order());
        }
    }

    [Fact]
    public void Only_the_outside_meets_TLS_on_the_well_known_ports()
    {
        var endpoints = Endpoints(Find(Rehearse("cloud.json"), "ingress"));
        Assert.Equal(
            [("edge-http", "http", 8080), ("edge-https", "https", 8443)],
            endpoints.Where(endpoint => endpoint.Port is not null)
            .Select(endpoint => (endpoint.Name, endpoint.UriScheme, endpoint.Port!.Value)).Order());
        Assert.Equal(
            ["edge-http", "edge-https"], endpoints.Where(endpoint => endpoint.IsExternal).Select(endpoint => endpoint.Name).Order());
        Assert.Equal(
            ["catalog-http", "health", "live-grpc-http", "live-http", "media-http", "orders-http", "traffic-http"],
            endpoints.Where(endpoint => !endpoint.IsExternal).Select(endpoint => endpoint.Name).Order(StringComparer.Ordinal));

        var both = Endpoints(Find(Rehearse("cloud-both.json"), "ingress"))
            .Where(endpoint => endpoint.UriScheme == "https").OrderBy(endpoint => endpoint.Port).ToList();
        Assert.Equal(("edge-https", 8443), (both[0].Name, both[0].Port));
        Assert.Equal(
            ["catalog-https", "edge-https", "live-https", "media-https", "orders-https"], both.Select(endpoint => endpoint.Name).Order());
        Assert.Equal(Enumerable.Range(8443, 5), both.Select(endpoint => endpoint.Port!.Value));

        Assert.All(Endpoints(Find(Rehearse("cloud.json", "--Topology:Ports=dynamic"), "ingress")), endpoint => Assert.Null(endpoint.Port));
    }

    [Fact]
    public async Task Each_entrance_is_told_what_to_do()
    {
        var entrances = await EntrancesAsync(Rehearse("cloud.json", "--Topology:Replicas:catalog=2"));
        Assert.Equal(
            ["edge-http"], entrances.Where(entrance => entrance.Value["RedirectsToTls"] == "true").Select(entrance => entrance.Key));
        Assert.Equal(["edge-http"], entrances.Where(entrance => entrance.Value.ContainsKey("Tls")).Select(entrance => entrance.Key));
        Assert.Equal(["live-grpc-http"], entrances.Where(entrance => entrance.Value["Http2"] == "true").Select(entrance => entrance.Key));
        Assert.All(entrances.Values, entrance => Assert.Equal("false", entrance["IsTcp"]));
        Assert.Equal(["{catalog-1.bindings.http.url}", "{catalog-2.bindings.http.url}"], Targets(entrances["catalog-http"]));
    }

    [Fact]
    public async Task A_port_beside_the_one_that_is_external_is_passed_on_as_TCP()
    {
        var entrances = await EntrancesAsync(Rehearse("cloud-both.json", "--Topology:Replicas:catalog=2"));
        var passed = entrances.Where(entrance => entrance.Value["IsTcp"] == "true").ToList();
        Assert.Equal(
            ["catalog-internal", "live-internal", "media-internal", "orders-internal"], passed.Select(entrance => entrance.Key).Order());
        Assert.All(passed, entrance => Assert.DoesNotContain("Tls", entrance.Value.Keys));
        // Each way leads to the process's own port for it.
        Assert.Equal(["{catalog-1.bindings.http.url}", "{catalog-2.bindings.http.url}"], Targets(entrances["catalog-http"]));
        Assert.Equal(["{catalog-1.bindings.internal.url}", "{catalog-2.bindings.internal.url}"], Targets(entrances["catalog-internal"]));
    }

    [Fact]
    public async Task Others_see_the_ingress_and_a_process_sees_its_own_port()
    {
        var environment = await EnvironmentAsync(Find(Rehearse("cloud.json"), "edge"));
        Assert.Equal("{ingress.bindings.catalog-http.url}", environment["services__catalog__http__0"]);
        Assert.Equal("localhost", environment["Topology__AllowedHosts"]);
        Assert.Equal("{edge.bindings.http.targetPort}", environment["Topology__Listeners__ingress"]);
        // It has no binding in the manifest: it is for probes.
        Assert.Equal("{edge.bindings.internal.targetPort}", environment["Topology__Listeners__internal"]);
        Assert.Equal("100.64.0.0/10;127.0.0.0/8;::1", environment["Topology__KnownProxies__0"]);
    }

    [Fact]
    public async Task What_is_empty_is_set_all_the_same()
    {
        var environment = await EnvironmentAsync(Find(Rehearse("cloud.json", "--Parameters:trustedProxies="), "edge"));
        Assert.Equal(("", ""), (environment["Edge__Upstream"], environment["Topology__KnownProxies__0"]));
    }

    [Fact]
    public async Task What_a_container_keeps_in_tmp_each_process_keeps_in_a_folder_of_its_own()
    {
        var environment = await EnvironmentAsync(Find(Rehearse("cloud.json"), "traffic"));
        Assert.Equal(Path.Combine(_data.FullName, "traffic", "topology-comparisons.db"), environment["Traffic__History"]);
        Assert.True(Directory.Exists(Path.Combine(_data.FullName, "traffic")));
    }

    [Theory]
    [InlineData("", "Data Source=")]
    [InlineData("--Parameters:ordersDatabase=Host=db;Password=p", "Host=db;Password=p")]
    public async Task Orders_are_in_a_file_unless_a_database_is_given(string setting, string expected)
    {
        var builder = Rehearse("cloud.json", setting.Length > 0 ? [setting] : []);
        var connection = (await EnvironmentAsync(Find(builder, "orders")))["ConnectionStrings__orders"];
        Assert.Equal(setting.Length > 0 ? expected : expected + Path.Combine(_data.FullName, "orders.db"), connection);
    }

    [Theory]
    [InlineData("catalog=0", "is \"0\"; give a number from 1 to 20.")]
    [InlineData("catalog=21", "is \"21\"; give a number from 1 to 20.")]
    [InlineData("catalog=many", "is \"many\"; give a number from 1 to 20.")]
    [InlineData("nobody=2", "the manifest has no such project; it has catalog, orders, media, live, live-grpc, edge, traffic.")]
    public void Replicas_that_cannot_be_are_refused(string replicas, string expected)
    {
        var error = Assert.Throws<TopologyException>(() => Rehearse("cloud.json", $"--Topology:Replicas:{replicas}"));
        Assert.StartsWith($"Topology:Replicas:{replicas.Split('=')[0]}", error.Message, StringComparison.Ordinal);
        Assert.EndsWith(expected, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_replica_may_not_have_the_name_of_another_resource()
    {
        using var manifest = new ManifestFile();
        manifest.Change("catalog-2", "", JsonNode.Parse($$"""{"type": "project.v0", "path": "{{ManifestReader.Read(manifest.File).Projects[0].Path}}"}"""));
        var error = Assert.Throws<TopologyException>(() => Build(manifest.File, "--Topology:Replicas:catalog=2"));
        Assert.Equal("Topology:Replicas:catalog: a replica would be called catalog-2, which is another project's name.", error.Message);
    }

    [Fact]
    public void A_reference_that_leads_nowhere_is_refused_before_anything_starts()
    {
        using var manifest = new ManifestFile();
        manifest.Change("edge", "/env/X", "{catalgo.bindings.http.url}");
        var error = Assert.Throws<TopologyException>(() => Build(manifest.File));
        Assert.Equal(
            $"{manifest.File}: resource 'edge', key 'env.X': {{catalgo.bindings.http.url}} refers to 'catalgo', which is not in the "
            + $"manifest.", error.Message);
    }

    private IDistributedApplicationBuilder Rehearse(string manifest, params string[] settings) =>
        Build(ManifestFile.Committed(manifest), settings);

    private IDistributedApplicationBuilder Build(string manifest, params string[] settings)
    {
        var builder = DistributedApplication.CreateBuilder(new DistributedApplicationOptions
        {
            Args = [$"--Topology:Data={_data.FullName}", $"--Topology:State={Path.Combine(_data.FullName, "topology.json")}", .. settings],
            AssemblyName = "Topology.AppHost",
            DisableDashboard = true,
        });
        builder.WithLocalParameters().AddRehearsal(manifest);
        return builder;
    }

    private static IEnumerable<ProjectResource> Projects(IDistributedApplicationBuilder builder) =>
        builder.Resources.OfType<ProjectResource>();

    private static ProjectResource Find(IDistributedApplicationBuilder builder, string name) =>
        Projects(builder).Single(project => project.Name == name);

    private static List<EndpointAnnotation> Endpoints(ProjectResource project) => [.. project.Annotations.OfType<EndpointAnnotation>()];

    /// <summary>What the ingress is told of each entrance, by the entrance's cleartext endpoint.</summary>
    private static async Task<Dictionary<string, Dictionary<string, string>>> EntrancesAsync(IDistributedApplicationBuilder builder)
    {
        const string Prefix = "Ingress__Entrances__";
        var environment = await EnvironmentAsync(Find(builder, "ingress"));
        return environment.Where(variable => variable.Key.StartsWith(Prefix, StringComparison.Ordinal))
            .Select(variable => (Path: variable.Key[Prefix.Length..].Split("__", 2), variable.Value))
            .GroupBy(variable => variable.Path[0])
            .Select(entrance => entrance.ToDictionary(variable => variable.Path[1], variable => variable.Value))
            .ToDictionary(entrance => entrance["Cleartext"].Split('.')[2]);
    }

    private static IEnumerable<string> Targets(Dictionary<string, string> entrance) =>
        entrance.Where(variable => variable.Key.StartsWith("Targets__", StringComparison.Ordinal)).OrderBy(variable => variable.Key)
            .Select(variable => variable.Value);

    private static async Task<Dictionary<string, string>> EnvironmentAsync(ProjectResource resource) =>
#pragma warning disable CS0618 // The successor needs a running application; this reads the model as publishing does.
        await resource.GetEnvironmentVariableValuesAsync(DistributedApplicationOperation.Publish);
#pragma warning restore CS0618
}
