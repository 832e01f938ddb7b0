using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;
using Topology.AppHost.Database;
using Topology.AppHost.Tests.Infrastructure;
using Topology.Tests.Infrastructure;

namespace Topology.AppHost.Tests.Lab;

/// <summary>The AppHost's model, without starting anything.</summary>
public sealed class LabModelTests
{
    [Fact]
    public async Task The_lab_has_the_backends_the_edges_and_the_traffic()
    {
        await using var builder = await CreateAsync();
        Assert.Equal(
            TopologyProcess.Services,
            builder.Resources.OfType<ProjectResource>().Select(resource => resource.Name));
    }

    [Fact]
    public async Task No_endpoint_is_behind_the_orchestrators_proxy_and_no_port_is_taken_twice()
    {
        await using var builder = await CreateAsync();
        var endpoints =
            builder.Resources.OfType<ProjectResource>().SelectMany(resource => resource.Annotations.OfType<EndpointAnnotation>()).ToList();
        Assert.All(endpoints, endpoint => Assert.False(endpoint.IsProxied));
        Assert.Distinct(endpoints.Select(endpoint => endpoint.Port));
    }

    [Theory]
    [InlineData("catalog-1", "http https internal internal-h2 internal-tls")]
    [InlineData("edge", "http https internal")]
    [InlineData("traffic", "http internal")]
    public async Task A_resource_has_its_listeners_and_only_the_public_ones_are_external(string name, string expected)
    {
        await using var builder = await CreateAsync();
        var endpoints = Find(builder, name).Annotations.OfType<EndpointAnnotation>().ToList();
        Assert.Equal(expected.Split(' '), endpoints.Select(endpoint => endpoint.Name));
        Assert.All(endpoints, endpoint => Assert.Equal(endpoint.Name is "http" or "https", endpoint.IsExternal));
    }

    [Fact]
    public async Task An_edge_knows_both_replicas_of_the_catalog_by_one_name()
    {
        await using var builder = await CreateAsync();
        var environment = await EnvironmentAsync(Find(builder, "edge"));
        Assert.Equal("{catalog-1.bindings.internal-h2.url}", environment["services__catalog__internal-h2__0"]);
        Assert.Equal("{catalog-2.bindings.internal-h2.url}", environment["services__catalog__internal-h2__1"]);
        Assert.DoesNotContain("ASPNETCORE_FORWARDEDHEADERS_ENABLED", environment.Keys);
    }

    [Fact]
    public async Task With_PostgreSQL_the_edges_know_two_replicas_of_orders_that_share_a_database_on_loopback()
    {
        await InstalledPostgres.RequireAsync();
        await using var builder = await CreateAsync("--Topology:Orders=postgres", "--Topology:Ports=dynamic");
        foreach (var edge in (string[])["edge", "edge-tls"])
        {
            var environment = await EnvironmentAsync(Find(builder, edge));
            Assert.Equal("{orders.bindings.internal-h2.url}", environment["services__orders__internal-h2__0"]);
            Assert.Equal("{orders-2.bindings.internal-h2.url}", environment["services__orders__internal-h2__1"]);
        }

        var connections = new List<string>();
        foreach (var replica in (string[])["orders", "orders-2"])
        {
            connections.Add((await EnvironmentAsync(Find(builder, replica)))["ConnectionStrings__orders"]);
        }

        Assert.Equal(["{orders-database.connectionString}"], connections.Distinct());
        await using var another = await CreateAsync("--Topology:Orders=postgres", "--Topology:Ports=dynamic");
        Assert.NotEqual(Password(builder), Password(another));

        static string Password(IDistributedApplicationTestingBuilder builder) =>
            builder.Resources.OfType<OrdersDatabaseResource>().Single().Password;
    }

    [Fact]
    public async Task The_edges_wait_for_every_backend_and_the_traffic_waits_for_the_edges()
    {
        await using var builder = await CreateAsync();
        Assert.Equal(TopologyProcess.Backends.Order(), WaitsFor("edge").Order());
        Assert.Equal(TopologyProcess.Backends.Order(), WaitsFor("edge-tls").Order());
        Assert.Equal(["edge", "edge-tls"], WaitsFor("traffic").Order());

        IEnumerable<string> WaitsFor(string name) =>
            Find(builder, name).Annotations.OfType<WaitAnnotation>().Select(wait => wait.Resource.Name);
    }

    [Fact]
    public async Task Every_resource_has_a_health_check()
    {
        await using var builder = await CreateAsync();
        Assert.All(
            builder.Resources.OfType<ProjectResource>(), resource => Assert.NotEmpty(resource.Annotations.OfType<HealthCheckAnnotation>()));
    }

    [Fact]
    public async Task Every_run_has_dashboard_keys_of_its_own()
    {
        // Keys in the user's secret store are shared by all runs. On a new machine, two runs that start together overwrite
        // each other's keys, and one dashboard then refuses its own services.
        await using var first = await WithDashboardAsync();
        await using var second = await WithDashboardAsync();
        foreach (var key in (string[])["AppHost:OtlpApiKey", "AppHost:DashboardApiKey"])
        {
            Assert.NotNull(first.Configuration[key]);
            Assert.NotEqual(first.Configuration[key], second.Configuration[key]);
        }

        static Task<IDistributedApplicationTestingBuilder> WithDashboardAsync() =>
            DistributedApplicationTestingBuilder.CreateAsync<Projects.AppHost>(
            new DistributedApplicationTestingBuilderOptions { EnableDashboard = true }, [], TestContext.Current.CancellationToken);
    }

    private static Task<IDistributedApplicationTestingBuilder> CreateAsync(params string[] arguments) =>
        DistributedApplicationTestingBuilder.CreateAsync<Projects.AppHost>([.. arguments], TestContext.Current.CancellationToken);

    private static ProjectResource Find(IDistributedApplicationTestingBuilder builder, string name) =>
        builder.Resources.OfType<ProjectResource>().Single(resource => resource.Name == name);

    private static async Task<Dictionary<string, string>> EnvironmentAsync(ProjectResource resource) =>
#pragma warning disable CS0618 // The successor needs a running application; this reads the model as publishing does.
        await resource.GetEnvironmentVariableValuesAsync(DistributedApplicationOperation.Publish);
#pragma warning restore CS0618
}
