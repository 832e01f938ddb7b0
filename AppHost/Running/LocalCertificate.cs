using System.Collections.Immutable;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Configuration;
using Topology.Hardening.Certificates;

namespace Topology.AppHost.Running;

#pragma warning disable ASPIRECERTIFICATES001 // Experimental.
/// <summary>
/// Gives Aspire the certificate of the topology's own public authority in place of .NET's developer certificate, which no
/// service here uses. It has no key, so Aspire issues and configures nothing with it.
/// </summary>
internal sealed class LocalCertificate(IConfiguration configuration) : IDeveloperCertificateService
{
    private readonly Lazy<ImmutableList<X509Certificate2>> _certificates = new(() =>
        [.. new LocalAuthority(
            LocalAuthorities.Root(configuration["Topology:Certificates:Directory"]), LocalAuthorities.Public, TimeProvider.System).Trusted(
            )]);

    public ImmutableList<X509Certificate2> Certificates => _certificates.Value;

    public bool SupportsContainerTrust => false;

    public bool UseForHttps => false;

    public bool TrustCertificate => false;
}
