using Microsoft.Extensions.Configuration;

namespace Topology.AppHost.Running;

/// <summary>The dashboard's addresses.</summary>
/// <param name="Url">The base URL.</param>
/// <param name="LoginUrl">The URL with the login token, which gives access to all telemetry.</param>
/// <param name="OtlpGrpc">The address that services send telemetry to.</param>
internal sealed record DashboardState(string Url, string LoginUrl, string? OtlpGrpc);

/// <summary>Finds the addresses of the running dashboard, whose ports may be dynamic.</summary>
internal sealed class DashboardAddress(DistributedApplicationModel model, IConfiguration configuration)
{
    /// <summary>Aspire's resource name for the dashboard.</summary>
    public const string Resource = "aspire-dashboard";

    /// <summary>Null if there is no dashboard or its ports are not assigned yet.</summary>
    public DashboardState? Find()
    {
        var endpoints =
            model.Resources.FirstOrDefault(resource => resource.Name == Resource)?.Annotations.OfType<EndpointAnnotation>().ToList();
        if (Url("http") is not { } url) return null;
        return new DashboardState(url, $"{url}/login?t={configuration["AppHost:BrowserToken"]}", Url("otlp-grpc"));

        string? Url(string name) => endpoints?.Find(endpoint => endpoint.Name == name)?.AllocatedEndpoint?.UriString.TrimEnd('/');
    }
}
