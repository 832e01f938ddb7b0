using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;

namespace Topology.Hardening.Certificates;

/// <summary>The identity of this process.</summary>
/// <param name="Service">The service, such as <c>catalog</c> or <c>edge</c>. Certificates are issued for it.</param>
/// <param name="Instance">The resource, such as <c>catalog-1</c> or <c>edge-tls</c>. Telemetry uses it.</param>
public sealed record ServiceIdentity(string Service, string Instance)
{
    internal static ServiceIdentity Of(IHostEnvironment environment, IConfiguration configuration)
    {
#pragma warning disable CA1308 // Resource and host names are lower case; nothing is compared by upper-casing.
        var service = environment.ApplicationName.Split('.')[^1].ToLowerInvariant();
#pragma warning restore CA1308
        return new(service, configuration["OTEL_SERVICE_NAME"] is { Length: > 0 } name ? name : service);
    }
}
