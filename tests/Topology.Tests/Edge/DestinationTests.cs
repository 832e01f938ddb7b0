using System.Security.Authentication;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.Extensions.DependencyInjection;
using Topology.Edge.Upstreams;
using Topology.Tests.Hardening;
using Topology.Tests.Infrastructure;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.ServiceDiscovery;

namespace Topology.Tests.Edge;

public sealed class DestinationTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_replica_keeps_its_name_and_with_it_its_health_when_another_one_leaves()
    {
        var both = await NamesAsync(
            ("services:catalog:internal-h2:0", "http://localhost:5001"), ("services:catalog:internal-h2:1", "http://localhost:5002"));
        var one = await NamesAsync(("services:catalog:internal-h2:0", "http://localhost:5002"));
        Assert.Equal(["http://localhost:5001/", "http://localhost:5002/"], both.Values.Order());
        Assert.Equal(both.Single(entry => entry.Value == "http://localhost:5002/"), Assert.Single(one));
    }

    [Fact]
    public async Task The_protocols_that_a_cluster_sets_hold_with_certificates_on_both_sides()
    {
        await using var catalog = await Recorder.StartAsync();
        var spoken = SslProtocols.None;
        catalog.Answer = context =>
        {
            if (context.Request.Path == "/catalog/x") spoken = context.Features.Get<ITlsHandshakeFeature>()!.Protocol;
            return Task.CompletedTask;
        };
        await using var edge = ServiceHost.Start<UpstreamOptions>(
            [.. catalog.AsEveryService(), ("Edge:Upstream", "internal-tls"),
                ("ReverseProxy:Clusters:catalog:HttpClient:SslProtocols:0", "Tls12")]);
        using var response = await edge.Client().GetAsync("/catalog/x", Cancelled);
        Assert.True(response.IsSuccessStatusCode);
        Assert.Equal(SslProtocols.Tls12, spoken);
    }

    private static async Task<Dictionary<string, string>> NamesAsync(params (string, string)[] settings)
    {
        await using var edge = ServiceHost.Start<UpstreamOptions>(settings);
        var resolved = await edge.Services.GetRequiredService<IDestinationResolver>().ResolveDestinationsAsync(
            new Dictionary<string, DestinationConfig> { ["service"] = new() { Address = "http://catalog" } }, Cancelled);
        return resolved.Destinations.ToDictionary(entry => entry.Key, entry => entry.Value.Address);
    }
}
