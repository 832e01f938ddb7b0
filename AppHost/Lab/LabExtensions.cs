using Microsoft.Extensions.Configuration;
using Topology.AppHost.Commands;
using Topology.AppHost.Running;

namespace Topology.AppHost.Lab;

/// <summary>
/// The parts of the lab. No endpoint is behind the orchestrator's own proxy: a comparison of direct with proxied traffic would
/// then compare two proxies.
/// </summary>
internal static class LabExtensions
{
    /// <summary>Where the lab's edge serves the list of revoked public certificates, on its fixed cleartext port.</summary>
    public const string RevocationListUrl = "http://localhost:5200/certificates/public.crl";

    /// <summary>
    /// Whose client certificates the backends accept on <c>internal-tls</c>: the edges, the service that calls another, other proxies.
    /// </summary>
    private const string InternalClients = "edge;orders;nginx;apache;haproxy";

    /// <summary>A backend with all listeners, on consecutive ports.</summary>
    public static IResourceBuilder<ProjectResource> AddBackend<TProject>(
        this IDistributedApplicationBuilder builder, string name, int firstPort)
        where TProject : IProjectMetadata, new() =>
        builder.AddLabProject<TProject>(name, firstPort, Listeners.All)
            .WithEnvironment("Topology__Certificates__AllowedClients__0", InternalClients)
            .WithNamedUrls("Edge-direct")
            .WithIconName(name switch { "orders" => "Cart", "media" => "Video", "live" => "Pulse", _ => "BookOpen" })
            .WithKillCommand()
            .OpenFirst(builder, name == "catalog-1", order: 3, "Direct", "/catalog/items/1");

    /// <summary>A YARP edge that reaches backends on the listener <paramref name="upstream"/>; its name is its path tag.</summary>
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

    /// <summary>The traffic generator with its page.</summary>
    public static IResourceBuilder<ProjectResource> AddTraffic<TProject>(
        this IDistributedApplicationBuilder builder, string name, int firstPort)
        where TProject : IProjectMetadata, new()
    {
        var traffic = builder.AddLabProject<TProject>(name, firstPort, ["http", Listeners.Management])
            .WithUrlForEndpoint("http", url => url.DisplayText = "Traffic")
            .WithIconName("TopSpeed")
            .WithEnvironment(StateFile.Variable, StateFile.PathOf(builder.Configuration))
            .OpenFirst(builder, condition: true, order: 1, "Traffic", "");
        return builder.Configuration["Topology:Pairs"] is { Length: > 0 } pairs ? traffic.WithEnvironment("Traffic__PairsPerSecond", pairs)
            : traffic;
    }

    /// <summary>Gives a service's endpoints under one name, one for each replica, as service discovery reads them.</summary>
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

    /// <summary>Names a file in this topology's own data folder, if it has one; otherwise the service chooses.</summary>
    /// <param name="variable">The environment variable that names the file.</param>
    /// <param name="format">The variable's value; <c>{0}</c> is the file.</param>
    /// <param name="file">The file's name.</param>
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
            .WithEnvironment("Topology__Certificates__RevocationListUrl", RevocationListUrl)
            .WithEnvironment("ASPNETCORE_ENVIRONMENT", "Development")
            .WithPromptEnd()
            .WithTraceKey(builder)
            // It would make services believe forwarded headers from anybody; they trust named proxies instead.
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

    /// <summary>Names the public addresses, the one without TLS first: it is what is compared.</summary>
    internal static IResourceBuilder<TResource> WithNamedUrls<TResource>(this IResourceBuilder<TResource> resource, string name)
        where TResource : IResourceWithEndpoints => resource
#pragma warning disable CS0618 // The order is a field that will become a property; there is no other way to give one.
        .WithUrlForEndpoint("http", url => (url.DisplayText, url.DisplayOrder) = (name, 2))
        .WithUrlForEndpoint("https", url => (url.DisplayText, url.DisplayOrder) = ($"{name}, TLS", 1));
#pragma warning restore CS0618

    /// <summary>The fixed port of a listener; null for a free one.</summary>
    internal static int? Port(this IDistributedApplicationBuilder builder, int firstPort, string listener) =>
        builder.UsesDynamicPorts() ? null : firstPort + Array.IndexOf(Listeners.All, listener);

    private static IResourceBuilder<ProjectResource> OpenFirst(
        this IResourceBuilder<ProjectResource> project, IDistributedApplicationBuilder builder, bool condition, int order, string name,
            string path) =>
        condition && builder.ExecutionContext.IsRunMode
            ? project.WithAnnotation(new OpenFirstAnnotation(order, name, project.GetEndpoint("http"), path))
            : project;
}
