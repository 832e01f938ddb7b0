using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Topology.Hardening.Listeners;

namespace Topology.ServiceDefaults.Telemetry;

internal static class HealthEndpoints
{
    private const string Ready = "/health";
    private const string Alive = "/alive";
    public const string LiveTag = "live";

    public static bool IsHealthPath(PathString path) => path == Ready || path == Alive;

    /// <summary>
    /// <c>/health</c> runs every check (readiness); <c>/alive</c> only shows that the process responds (liveness). Mapped in
    /// every environment for the platform's probes, but never on a public listener.
    /// </summary>
    public static void Map(IEndpointRouteBuilder endpoints)
    {
        endpoints.MapHealthChecks(Ready).RequireInternalListener().DisableHttpMetrics();
        endpoints.MapHealthChecks(Alive, new HealthCheckOptions { Predicate = check => check.Tags.Contains(LiveTag) })
            .RequireInternalListener().DisableHttpMetrics();
    }

    public static HealthCheckResult Self() => HealthCheckResult.Healthy();
}
