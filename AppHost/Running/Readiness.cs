using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Topology.AppHost.Running;

/// <summary>
/// Reports a resource as healthy as soon as it responds. Aspire's own URL check waits longer after each failure, so a restarted
/// service would stay unhealthy for seconds too long.
/// </summary>
internal static class ReadinessExtensions
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    // A proxy from the environment cannot reach services on this machine.
    private static readonly HttpClient Client =
        new(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false }) { Timeout = Patience };

    /// <summary>
    /// Healthy while <c>GET path</c> returns 200 on the endpoint. Allows three seconds for the resource to start listening.
    /// </summary>
    public static IResourceBuilder<TResource> WithReadiness<TResource>(
        this IResourceBuilder<TResource> resource, string path, string endpointName)
        where TResource : IResourceWithEndpoints
    {
        var endpoint = resource.GetEndpoint(endpointName);
        var name = $"{resource.Resource.Name}_{endpointName}_{path}";
        resource.ApplicationBuilder.Services.AddHealthChecks().AddAsyncCheck(
            name, cancellationToken => CheckAsync(endpoint, path, cancellationToken));
        return resource.WithHealthCheck(name);
    }

    private static async Task<HealthCheckResult> CheckAsync(EndpointReference endpoint, string path, CancellationToken cancellationToken)
    {
        if (endpoint.EndpointAnnotation.AllocatedEndpoint is not { } address) return HealthCheckResult.Unhealthy("No address yet.");
        var url = address.UriString + path;
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Patience);
        while (true)
        {
            try
            {
                using var response = await Client.GetAsync(url, patience.Token);
                if (response.IsSuccessStatusCode) return HealthCheckResult.Healthy();
                if (patience.IsCancellationRequested) return HealthCheckResult.Unhealthy($"{url} returns {(int)response.StatusCode}.");
                await Task.Delay(Interval, patience.Token);
            }
            catch (HttpRequestException) when (!patience.IsCancellationRequested)
            {
                // Not listening yet.
                await Task.Delay(Interval, CancellationToken.None);
            }
            catch (Exception exception) when (
                exception is OperationCanceledException or HttpRequestException && !cancellationToken.IsCancellationRequested)
            {
                return HealthCheckResult.Unhealthy($"{url} does not return 200.");
            }
        }
    }
}
