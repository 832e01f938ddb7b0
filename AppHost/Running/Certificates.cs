using Microsoft.Extensions.Configuration;

namespace Topology.AppHost.Running;

internal static class CertificateExtensions
{
    /// <summary>
    /// Passes on <c>Topology:Certificates:Directory</c>, the folder of the local authorities. The default is the user's folder.
    /// </summary>
    public static IResourceBuilder<TResource> WithCertificates<TResource>(
        this IResourceBuilder<TResource> resource, IDistributedApplicationBuilder builder)
        where TResource : IResourceWithEnvironment =>
        builder.Configuration["Topology:Certificates:Directory"] is { Length: > 0 } folder
            ? resource.WithEnvironment("Topology__Certificates__Directory", Path.GetFullPath(folder))
            : resource;
}
