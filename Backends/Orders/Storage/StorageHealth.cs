using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Topology.Orders.Storage;

internal sealed class StorageHealth(OrdersContext context) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext healthCheck, CancellationToken cancellationToken = default) =>
        await context.Database.CanConnectAsync(cancellationToken)
            ? HealthCheckResult.Healthy()
            : HealthCheckResult.Unhealthy("The database does not respond; check the connection string \"orders\".");
}
