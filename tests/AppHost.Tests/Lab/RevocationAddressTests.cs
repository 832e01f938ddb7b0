using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;
using Topology.AppHost.Running;
using Topology.Hardening.Certificates;

namespace Topology.AppHost.Tests.Lab;

/// <summary>The revocation list's address in certificates of the local public authority.</summary>
public sealed class RevocationAddressTests
{
    [Fact]
    public async Task Certificates_name_the_place_where_the_labs_edge_serves_it()
    {
        await using var builder =
            await DistributedApplicationTestingBuilder.CreateAsync<Projects.AppHost>(TestContext.Current.CancellationToken);
        var edge = builder.Resources.Single(resource => resource.Name == "edge").Annotations.OfType<EndpointAnnotation>();
        Assert.Equal(new Uri(CertificateExtensions.RevocationListUrl).Port, edge.Single(endpoint => endpoint.Name == "http").Port);
        Assert.Equal(LocalAuthorities.RevocationListPath, new Uri(CertificateExtensions.RevocationListUrl).AbsolutePath);
    }
}
