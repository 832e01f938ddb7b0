using Microsoft.Extensions.Configuration;
using Topology.AppHost.Commands;
using Topology.AppHost.Running;

namespace Topology.AppHost.Lab;

/// <summary>
/// Adds the lab's resources. No endpoint uses the orchestrator's own proxy. Otherwise the edge-direct path would also contain a
/// proxy.
/// </summary>
internal static class LabExtensions
{
    /// <summary>Clients whose certificates the backends accept on <c>internal-tls</c>.</summary>
    private const string InternalClients = "edge;orders;orders-2;nginx;apache;haproxy";

    /// <summary>Adds a backend with all listeners on consecutive ports.</summary>
    public static IResourceBuilder<ProjectResource> AddBackend<TProject>(
        this IDistributedApplicationBuilder builder, string name, int firstPort)
        where TProject : IProjectMetadata, new() =>
        builder.AddLabProject<TProject>(name, firstPort, Listeners.All)
            .WithEnvironment("Topology__Certificates__AllowedClients__0", InternalClients)
            .WithNamedUrls("Edge-direct")
            .WithIconName(name switch { "orders" or "orders-2" => "Cart", "media" => "Video", "live" => "Pulse", _ => "BookOpen" })
            .WithKillCommand()
            .OpenFirst(builder, name == "catalog-1", order: 3, "Direct", "/catalog/items/1");

    /// <summary>
    /// Adds a YARP edge that uses the backends' <paramref name="upstream"/> listener. Its name is also its path tag.
    /// </summary>
    public static IResourceBuilder<ProjectResource> AddEdge<TProject>(
        this IDistributedApplicationBuilder builder, string name, int firstPort, string upstream)
        where TProject : IProjectMetadata, new() =>
        builder.AddLabProject<TProject>(name, firstPort, [.. Listeners.Public, Listeners.Management])
            .WithEnvironment("Topology__Path", name)
            .WithEnvironment("Edge__Upstream", upstream)
            .WithNamedUrls("Edge")
            .WithIconName("ShieldGlobe")
            .WithKillCommand()
            .OpenFirst(builder, name == "edge", order: 2, "Edge", "/catalog/items/1");

    /// <summary>Adds the traffic generator and its page.</summary>
    public static IResourceBuilder<ProjectResource> AddTraffic<TProject>(
        this IDistributedApplicationBuilder builder, string name, int firstPort)
        where TProject : IProjectMetadata, new()
    {
        var traffic = builder.AddLabProject<TProject>(name, firstPort, ["http", Listeners.Management])
            .WithUrlForEndpoint("http", url => url.DisplayText = "Traffic")
            .WithIconName("TopSpeed")
            .WithEnvironment(StateFile.Variable, StateFile.PathOf(builder.Configuration))
            .OpenFirst(builder, condition: true, order: 1, "Traffic", "");
        return builder.Configuration["Topology:Pairs"] is { Length: > 0 } pairs
            ? traffic.WithEnvironment("Traffic__PairsPerSecond", pairs)
            : traffic;
    }

    /// <summary>Adds service discovery entries for a service: one per listener and replica.</summary>
    public static IResourceBuilder<ProjectResource> WithService(
        this IResourceBuilder<ProjectResource> builder, string service, string[] listeners,
        params IResourceBuilder<IResourceWithEndpoints>[] replicas)
    {
        foreach (var listener in listeners)
        {
            foreach (var (index, replica) in replicas.Index())
            {
                builder.WithEnvironment($"services__{service}__{listener}__{index}", replica.GetEndpoint(listener));
            }
        }

        return builder;
    }

    /// <summary>Sets the path of a data file if this run has its own data folder. Otherwise the service chooses one.</summary>
    /// <param name="variable">The environment variable.</param>
    /// <param name="format">The value's format; <c>{0}</c> is the full path.</param>
    /// <param name="file">The file name.</param>
    public static IResourceBuilder<ProjectResource> WithOwnData(
        this IResourceBuilder<ProjectResource> builder, string variable, string format, string file)
    {
        if (builder.ApplicationBuilder.DataFolder() is not { } folder) return builder;
        TopologyRun.MakeFolder(folder);
        return builder.WithEnvironment(variable, string.Format(null, format, Path.Combine(folder, file)));
    }

    private static IResourceBuilder<ProjectResource> AddLabProject<TProject>(
        this IDistributedApplicationBuilder builder, string name, int firstPort, string[] listeners)
        where TProject : IProjectMetadata, new()
    {
        var project = builder.AddProject<TProject>(name, launchProfileName: null)
            .WithBuiltProgram()
            .WithCertificates(builder)
            .WithEnvironment("ASPNETCORE_ENVIRONMENT", "Development")
            .WithPromptEnd()
            .WithTraceKey(builder)
            // Aspire would make services trust forwarded headers from any sender. They trust only known proxies.
            .DisableForwardedHeaders();
        foreach (var listener in listeners)
        {
            project
                .WithEndpoint(
                    port: builder.Port(firstPort, listener), scheme: listener is "https" or "internal-tls" ? "https" : "http",
                    name: listener, isProxied: false, isExternal: Listeners.Public.Contains(listener))
                .WithEndpoint(listener, endpoint => endpoint.Transport = listener == "internal-h2" ? "http2" : "http")
                .WithEnvironment(
                    $"Topology__Listeners__{listener}", $"{project.GetEndpoint(listener).Property(EndpointProperty.TargetPort)}");
            if (!Listeners.Public.Contains(listener))
            {
                project.WithUrlForEndpoint(listener, url => url.DisplayLocation = UrlDisplayLocation.DetailsOnly);
            }
        }

        return project.WithReadiness("/health", Listeners.Management);
    }

    /// <summary>Labels the public URLs. Cleartext comes first, because comparisons use it by default.</summary>
    internal static IResourceBuilder<TResource> WithNamedUrls<TResource>(this IResourceBuilder<TResource> resource, string name)
        where TResource : IResourceWithEndpoints => resource
#pragma warning disable CS0618 // The field will become a property; no alternative exists yet.
        .WithUrlForEndpoint("http", url => (url.DisplayText, url.DisplayOrder) = (name, 2))
        .WithUrlForEndpoint("https", url => (url.DisplayText, url.DisplayOrder) = ($"{name}, TLS", 1));
#pragma warning restore CS0618

    /// <summary>A listener's fixed port; null for a dynamic one.</summary>
    internal static int? Port(this IDistributedApplicationBuilder builder, int firstPort, string listener) =>
        builder.UsesDynamicPorts() ? null : firstPort + Array.IndexOf(Listeners.All, listener);

    private static IResourceBuilder<ProjectResource> OpenFirst(
        this IResourceBuilder<ProjectResource> project, IDistributedApplicationBuilder builder, bool condition, int order, string name,
        string path) =>
        condition && builder.ExecutionContext.IsRunMode
            ? project.WithAnnotation(new OpenFirstAnnotation(order, name, project.GetEndpoint("http"), path))
            : project;
}
