using Aspire.Hosting.Yarp;

namespace Topology.AppHost;

/// <summary>
/// The parts of the lab. Endpoints are proxyless and on fixed ports: through the orchestrator's own proxy, a comparison
/// of direct with proxied traffic would compare two proxies.
/// </summary>
internal static class LabExtensions
{
    /// <summary>A backend with all listeners, on consecutive ports.</summary>
    public static IResourceBuilder<ProjectResource> AddBackend<TProject>(this IDistributedApplicationBuilder builder, string name, int firstPort)
        where TProject : IProjectMetadata, new() =>
        builder.AddLabProject<TProject>(name, firstPort, Listeners.All)
            .WithUrlForEndpoint("http", url => url.DisplayText = "Edge-direct")
            .WithUrlForEndpoint("https", url => url.DisplayText = "Edge-direct, TLS");

    /// <summary>A YARP edge that reaches backends on the listener <paramref name="upstream"/>; its name is its path tag.</summary>
    public static IResourceBuilder<ProjectResource> AddEdge<TProject>(this IDistributedApplicationBuilder builder, string name, int firstPort, string upstream)
        where TProject : IProjectMetadata, new() =>
        builder.AddLabProject<TProject>(name, firstPort, [.. Listeners.Public, Listeners.Management])
            .WithEnvironment("Topology__Path", name)
            .WithEnvironment("Edge__Upstream", upstream)
            .WithUrlForEndpoint("http", url => url.DisplayText = "Edge")
            .WithUrlForEndpoint("https", url => url.DisplayText = "Edge, TLS");

    /// <summary>
    /// A proxy of Edge/Proxies. It runs on this machine if <paramref name="program"/> is installed (one of several, separated
    /// by |), which is what Debian's <paramref name="package"/> does; its name is its path tag.
    /// </summary>
    public static IResourceBuilder<ExecutableResource> AddProxy(
        this IDistributedApplicationBuilder builder, string name, int firstPort, string program, string package)
    {
        var proxy = builder.AddExecutable(name, "sh", "../Edge/Proxies", "run", name).WithExplicitStart()
            // Manifests have no fields for these.
            .WithEnvironment("Topology__ExplicitStart", "true")
            .WithEnvironment("Topology__Program", program)
            .WithEnvironment("Topology__Install", $"apt-get install {package}");
        foreach (var listener in Listeners.Public)
        {
            proxy
                .WithEndpoint(
                    port: firstPort + Array.IndexOf(Listeners.All, listener), scheme: listener, name: listener, isProxied: false, isExternal: true)
                .WithEndpoint(listener, endpoint => endpoint.Transport = "http")
                .WithEnvironment($"{listener.ToUpperInvariant()}_PORT", $"{proxy.GetEndpoint(listener).Property(EndpointProperty.TargetPort)}");
        }

        return proxy.WithHttpHealthCheck("/live/whoami", endpointName: "http");
    }

    /// <summary>Tells a proxy of Edge/Proxies the ports of the backends' cleartext listeners for proxies: HTTP/1.1 and HTTP/2.</summary>
    public static IResourceBuilder<ExecutableResource> WithBackends(
        this IResourceBuilder<ExecutableResource> proxy, params IResourceBuilder<ProjectResource>[] backends)
    {
        foreach (var backend in backends)
        {
            var name = backend.Resource.Name.ToUpperInvariant().Replace('-', '_');
            proxy
                .WithEnvironment($"{name}_PORT", $"{backend.GetEndpoint(Listeners.Management).Property(EndpointProperty.TargetPort)}")
                .WithEnvironment($"{name}_H2_PORT", $"{backend.GetEndpoint("internal-h2").Property(EndpointProperty.TargetPort)}");
        }

        return proxy;
    }

    /// <summary>The traffic generator, with its page and a command that starts a comparison.</summary>
    public static IResourceBuilder<ProjectResource> AddTraffic<TProject>(this IDistributedApplicationBuilder builder, string name, int firstPort)
        where TProject : IProjectMetadata, new() =>
        builder.AddLabProject<TProject>(name, firstPort, ["http", Listeners.Management])
            .WithUrlForEndpoint("http", url => url.DisplayText = "Traffic")
            .WithHttpCommand("/comparisons", "Compare paths", endpointName: Listeners.Management, commandName: "compare", commandOptions: new()
            {
                Description = "Measures edge-direct against every proxied path; the result appears on the Traffic page.",
                IconName = "TopSpeed",
                IsHighlighted = true,
            });

    /// <summary>Gives a service's endpoints under one name, one for each replica.</summary>
    public static IResourceBuilder<ProjectResource> WithService(
        this IResourceBuilder<ProjectResource> builder, string service, string[] listeners, params IResourceBuilder<IResourceWithEndpoints>[] replicas)
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

    /// <summary>
    /// Aspire's own YARP container with the edge's routes. It names no path of the topology, so its requests carry no tag.
    /// </summary>
    public static void AddYarpContainer(
        this IDistributedApplicationBuilder builder, string name,
        IResourceBuilder<ProjectResource> catalog, IResourceBuilder<ProjectResource> orders,
        IResourceBuilder<ProjectResource> media, IResourceBuilder<ProjectResource> live) =>
        builder.AddYarp(name).WithConfiguration(yarp =>
        {
            foreach (var (prefix, backend) in (IEnumerable<(string, IResourceBuilder<ProjectResource>)>)
                [("catalog", catalog), ("orders", orders), ("media", media), ("live", live)])
            {
                yarp.AddRoute($"/{prefix}/{{**rest}}", yarp.AddCluster(backend.GetEndpoint(Listeners.Management)));
            }
        });

    private static IResourceBuilder<ProjectResource> AddLabProject<TProject>(
        this IDistributedApplicationBuilder builder, string name, int firstPort, string[] listeners)
        where TProject : IProjectMetadata, new()
    {
        var project = builder.AddProject<TProject>(name, launchProfileName: null)
            .WithEnvironment("ASPNETCORE_ENVIRONMENT", "Development")
            // Published, it would make services believe forwarded headers from anybody; they trust named proxies instead.
            .DisableForwardedHeaders();
        foreach (var listener in listeners)
        {
            project
                .WithEndpoint(
                    port: firstPort + Array.IndexOf(Listeners.All, listener), scheme: listener is "https" or "internal-tls" ? "https" : "http",
                    name: listener, isProxied: false, isExternal: Listeners.Public.Contains(listener))
                .WithEndpoint(listener, endpoint => endpoint.Transport = listener == "internal-h2" ? "http2" : "http")
                .WithEnvironment($"Topology__Listeners__{listener}", $"{project.GetEndpoint(listener).Property(EndpointProperty.TargetPort)}");
            if (!Listeners.Public.Contains(listener))
            {
                project.WithUrlForEndpoint(listener, url => url.DisplayLocation = UrlDisplayLocation.DetailsOnly);
            }
        }

        return project.WithHttpHealthCheck("/health", endpointName: Listeners.Management);
    }
}
