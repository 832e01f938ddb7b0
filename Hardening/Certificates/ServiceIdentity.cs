using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;

namespace Topology.Hardening.Certificates;

/// <summary>Who this process is.</summary>
/// <param name="Service">The service: <c>catalog</c>, <c>edge</c>. Certificates are issued to it.</param>
/// <param name="Instance">The resource: <c>catalog-1</c>, <c>edge-tls</c>. Telemetry names it.</param>
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
