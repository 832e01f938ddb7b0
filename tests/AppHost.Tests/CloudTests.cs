using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;

namespace Topology.AppHost.Tests;

/// <summary>The cloud's shape: what Azure Container Apps gets.</summary>
public sealed class CloudTests
{
    [Fact]
    public async Task Only_the_edge_is_external_and_every_service_has_one_port()
    {
        await using var builder = await CreateAsync("--Topology:Shape=cloud");
        var endpoints = builder.Resources.OfType<ProjectResource>().ToDictionary(project => project.Name, project => project.Annotations.OfType<EndpointAnnotation>().Single());
        Assert.Equal(["edge"], endpoints.Where(entry => entry.Value.IsExternal).Select(entry => entry.Key));
        Assert.All(endpoints.Values, endpoint => Assert.Equal((8080, (int?)null), (endpoint.TargetPort, endpoint.Port)));
        Assert.Equal(2, builder.Resources.Single(resource => resource.Name == "catalog").Annotations.OfType<ReplicaAnnotation>().Single().Replicas);
    }

    [Fact]
    public async Task Exposure_of_both_opens_the_backends_that_speak_HTTP_1_and_not_the_traffic()
    {
        await using var builder = await CreateAsync("--Topology:Shape=cloud", "--Topology:Exposure=both");
        Assert.Equal(
            ["catalog", "edge", "live", "media", "orders"],
            builder.Resources.OfType<ProjectResource>().Where(project => project.Annotations.OfType<EndpointAnnotation>().Single().IsExternal).Select(project => project.Name).Order());
    }

    [Fact]
    public async Task A_shape_that_does_not_exist_is_named()
    {
        var exception = await Assert.ThrowsAnyAsync<Exception>(() => CreateAsync("--Topology:Shape=round"));
        Assert.Contains("round", exception.ToString(), StringComparison.Ordinal);
    }

    private static Task<IDistributedApplicationTestingBuilder> CreateAsync(params string[] arguments) =>
        DistributedApplicationTestingBuilder.CreateAsync<Projects.AppHost>([.. arguments], TestContext.Current.CancellationToken);
}
