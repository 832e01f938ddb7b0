using Microsoft.Extensions.Configuration;

namespace Topology.AppHost.Running;

/// <summary>Where the dashboard answers.</summary>
/// <param name="Url">Base URL of its pages.</param>
/// <param name="LoginUrl">The URL with the login token: whoever has it sees all telemetry.</param>
/// <param name="OtlpGrpc">Where services send telemetry.</param>
internal sealed record DashboardState(string Url, string LoginUrl, string? OtlpGrpc);

/// <summary>Finds the dashboard's addresses once it runs; they may be on free ports.</summary>
internal sealed class DashboardAddress(DistributedApplicationModel model, IConfiguration configuration)
{
    /// <summary>The name that Aspire gives the dashboard's own resource.</summary>
    public const string Resource = "aspire-dashboard";

    /// <summary>Null without a dashboard, and until it has its ports.</summary>
    public DashboardState? Find()
    {
        var endpoints =
            model.Resources.FirstOrDefault(resource => resource.Name == Resource)?.Annotations.OfType<EndpointAnnotation>().ToList();
        if (Url("http") is not { } url) return null;
        return new DashboardState(url, $"{url}/login?t={configuration["AppHost:BrowserToken"]}", Url("otlp-grpc"));

        string? Url(string name) => endpoints?.Find(endpoint => endpoint.Name == name)?.AllocatedEndpoint?.UriString.TrimEnd('/');
    }
}
