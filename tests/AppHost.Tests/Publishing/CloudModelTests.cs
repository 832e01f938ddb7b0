using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;

namespace Topology.AppHost.Tests.Publishing;

/// <summary>The cloud's shape: what Azure Container Apps gets.</summary>
public sealed class CloudModelTests
{
    [Fact]
    public async Task Only_the_edge_is_external_and_every_service_has_one_port()
    {
        await using var builder = await CreateAsync();
        var endpoints = Endpoints(builder).ToList();
        // The edge's one port has two names: the platform takes HTTPS there and sends HTTP to it.
        Assert.Equal(
            ["edge http", "edge https"],
            endpoints.Where(entry => entry.Endpoint.IsExternal).Select(entry => $"{entry.Service} {entry.Endpoint.UriScheme}").Order());
        Assert.All(endpoints, entry => Assert.Equal((8080, (int?)null), (entry.Endpoint.TargetPort, entry.Endpoint.Port)));
        Assert.All(endpoints.Where(entry => entry.Service != "edge"), entry => Assert.Equal("http", entry.Endpoint.UriScheme));
        Assert.Equal(
            2, builder.Resources.Single(resource => resource.Name == "catalog").Annotations.OfType<ReplicaAnnotation>().Single().Replicas);
    }

    [Fact]
    public async Task Exposure_of_both_opens_the_backends_that_speak_HTTP_1_and_not_the_traffic()
    {
        await using var builder = await CreateAsync("--Topology:Exposure=both");
        var endpoints = Endpoints(builder).ToList();
        foreach (var backend in (string[])["catalog", "orders", "media", "live"])
        {
            Assert.Equal(
                [("http", 8080, true), ("https", 8080, true), ("internal", 8081, false)],
                endpoints.Where(entry => entry.Service == backend)
                    .Select(entry => (entry.Endpoint.Name, entry.Endpoint.TargetPort ?? 0, entry.Endpoint.IsExternal)).Order());
        }
        Assert.Equal(
            ["catalog", "edge", "live", "media", "orders"],
            endpoints.Where(entry => entry.Endpoint.IsExternal).Select(entry => entry.Service).Distinct().Order());
    }

    private static IEnumerable<(string Service, EndpointAnnotation Endpoint)> Endpoints(IDistributedApplicationTestingBuilder builder) =>
        from project in builder.Resources.OfType<ProjectResource>()
        from endpoint in project.Annotations.OfType<EndpointAnnotation>()
        select (project.Name, endpoint);

    private static Task<IDistributedApplicationTestingBuilder> CreateAsync(params string[] arguments) =>
        DistributedApplicationTestingBuilder.CreateAsync<Projects.AppHost>(
            ["--publisher", "manifest", .. arguments], TestContext.Current.CancellationToken);
}
