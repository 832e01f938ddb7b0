using System.Net.Http.Json;
using System.Net.NetworkInformation;
using System.Text.Json;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;

namespace Topology.AppHost.Tests;

/// <summary>The composition under Aspire's own orchestrator. It listens on the lab's fixed ports.</summary>
public sealed class RunTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    [Fact]
    public async Task Every_resource_becomes_healthy_and_both_paths_lead_to_the_catalog()
    {
        var cancelled = TestContext.Current.CancellationToken;
        await using var builder = await DistributedApplicationTestingBuilder.CreateAsync<Projects.AppHost>(cancelled);
        var projects = builder.Resources.OfType<ProjectResource>().Where(resource => !resource.Annotations.OfType<ExplicitStartupAnnotation>().Any()).ToList();
        var taken = IPGlobalProperties.GetIPGlobalProperties().GetActiveTcpListeners().Select(endpoint => endpoint.Port).ToHashSet();
        Assert.SkipWhen(
            projects.SelectMany(project => project.Annotations.OfType<EndpointAnnotation>()).Any(endpoint => taken.Contains(endpoint.Port ?? 0)),
            "A port of the lab is in use; stop the topology that runs.");

        await using var app = await builder.BuildAsync(cancelled);
        await app.StartAsync(cancelled);
        await Task.WhenAll(projects.Select(project =>
            app.ResourceNotifications.WaitForResourceHealthyAsync(project.Name, cancelled).WaitAsync(Patience, cancelled)));

        Assert.Equal(("direct", "http"), await WhoAmIAsync("catalog-1"));
        Assert.Equal(("edge", "internal-h2"), await WhoAmIAsync("edge"));
        Assert.Equal(("edge-tls", "internal-tls"), await WhoAmIAsync("edge-tls"));

        async Task<(string?, string?)> WhoAmIAsync(string resource)
        {
            using var client = app.CreateHttpClient(resource, "http");
            var who = await client.GetFromJsonAsync<JsonElement>("/catalog/whoami", cancelled);
            // The service sees the port that the client asked for: nothing stands between them.
            Assert.Equal(client.BaseAddress!.Authority, who.GetProperty("host").GetString());
            return (who.GetProperty("topologyPath").GetString(), who.GetProperty("listener").GetString());
        }
    }
}
