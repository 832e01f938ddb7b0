using System.Collections.Immutable;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Configuration;
using Topology.Hardening.Certificates;

namespace Topology.AppHost.Running;

#pragma warning disable ASPIRECERTIFICATES001 // Experimental.
/// <summary>
/// Replaces .NET's developer certificate, which no service here uses, with the certificate of the local public authority. That
/// certificate has no private key, so Aspire cannot use it for HTTPS.
/// </summary>
internal sealed class LocalCertificate(IConfiguration configuration) : IDeveloperCertificateService
{
    private readonly Lazy<ImmutableList<X509Certificate2>> _certificates = new(() =>
    {
        var folder = LocalAuthorities.Root(configuration["Topology:Certificates:Directory"]);
        return [.. new LocalAuthority(folder, LocalAuthorities.Public, TimeProvider.System).Trusted()];
    });

    public ImmutableList<X509Certificate2> Certificates => _certificates.Value;

    public bool SupportsContainerTrust => false;

    public bool UseForHttps => false;

    public bool TrustCertificate => false;
}
