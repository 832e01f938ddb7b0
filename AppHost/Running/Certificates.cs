using Microsoft.Extensions.Configuration;
using Topology.Hardening.Certificates;

namespace Topology.AppHost.Running;

internal static class CertificateExtensions
{
    /// <summary>Where the lab's edge serves the list of revoked public certificates: in cleartext, on its fixed port.</summary>
    public const string RevocationListUrl = "http://localhost:5200" + LocalAuthorities.RevocationListPath;

    /// <summary>
    /// Passes the settings that all issuers of public certificates must share: the address of the revocation list, and
    /// <c>Topology:Certificates:Directory</c>, the folder of the local authorities. The default is the user's folder.
    /// </summary>
    public static IResourceBuilder<TResource> WithCertificates<TResource>(
        this IResourceBuilder<TResource> resource, IDistributedApplicationBuilder builder)
        where TResource : IResourceWithEnvironment
    {
        resource.WithEnvironment("Topology__Certificates__RevocationListUrl", RevocationListUrl);
        return builder.Configuration["Topology:Certificates:Directory"] is { Length: > 0 } folder
            ? resource.WithEnvironment("Topology__Certificates__Directory", Path.GetFullPath(folder))
            : resource;
    }
}
