using System.Globalization;
using Topology.AppHost.Running;

namespace Topology.AppHost.Cloud;

/// <summary>The parts of the cloud shape.</summary>
internal static class CloudExtensions
{
    private const int Port = 8080;
    private const int InsidePort = 8081;
    private const string Proxies = "trustedProxies";

    /// <summary>
    /// Container Apps' own addresses, from which its ingress speaks to containers; and loopback, for a stand-in of it on
    /// a developer's machine and for sidecars.
    /// </summary>
    private const string PlatformProxies = "100.64.0.0/10;127.0.0.0/8;::1";

    /// <summary>A service that only the inside of the environment reaches, unless <c>Topology:Exposure</c> is <c>both</c>.</summary>
    public static IResourceBuilder<ProjectResource> AddService<TProject>(
        this IDistributedApplicationBuilder builder, string name, bool http2 = false)
        where TProject : IProjectMetadata, new() => builder.ExposesBoth() && name != "traffic" && !http2
        ? builder.AddExposed<TProject>(name)
        // It trusts the platform's ingress, and the edge, which speaks through that ingress: two hops.
        : builder.AddPlatformProject<TProject>(name, http2 ? "internal-h2" : "internal", http2, external: false).WithEnvironment(
            "Topology__ForwardLimit", "2");

    /// <summary>
    /// The edge: the only service that the platform exposes. It believes the platform's ingress, and serves the platform's name for it.
    /// </summary>
    public static IResourceBuilder<ProjectResource> AddPlatformEdge<TProject>(this IDistributedApplicationBuilder builder, string name)
        where TProject : IProjectMetadata, new() =>
        builder.AddPlatformProject<TProject>(name, "ingress", http2: false, external: true)
            .WithEnvironment("Topology__Path", name)
            .WithEnvironment("Edge__Upstream", "");

    /// <summary>The backends by the addresses that are for the inside.</summary>
    public static IResourceBuilder<ProjectResource> WithInside(
        this IResourceBuilder<ProjectResource> project, params IResourceBuilder<ProjectResource>[] backends) =>
        project.WithAddresses("internal", backends);

    /// <summary>The backends as the public reaches them, which is by HTTPS; what is not exposed, by its address for the inside.</summary>
    public static IResourceBuilder<ProjectResource> WithOutside(
        this IResourceBuilder<ProjectResource> project, params IResourceBuilder<ProjectResource>[] backends) =>
        project.WithAddresses("https", backends);

    /// <summary>A backend has either the one port of all, or the endpoint of that name beside it.</summary>
    private static IResourceBuilder<ProjectResource> WithAddresses(
        this IResourceBuilder<ProjectResource> project, string endpoint, IResourceBuilder<ProjectResource>[] backends)
    {
        foreach (var backend in backends)
        {
            if (backend.GetEndpoint(endpoint) is { Exists: true } address)
            {
                project.WithEnvironment($"services__{backend.Resource.Name}__http__0", address);
            }
            else project.WithReference(backend);
        }
        return project;
    }

    private static bool ExposesBoth(this IDistributedApplicationBuilder builder) => builder.Configuration["Topology:Exposure"] switch
    {
        null or "" or "edge" => false,
        "both" => true,
        var other => throw new TopologyException($"Topology:Exposure is \"{other}\"; set edge or both."),
    };

    /// <summary>
    /// A backend that the public reaches beside the edge. The inside has a port of its own: the ingress sends HTTP to HTTPS, and
    /// does not lead to health checks. The platform passes that port on as TCP, so only the edge says whom it speaks for: one hop.
    /// </summary>
    private static IResourceBuilder<ProjectResource> AddExposed<TProject>(this IDistributedApplicationBuilder builder, string name)
        where TProject : IProjectMetadata, new()
    {
        Console.Error.WriteLine($"Topology:Exposure=both: {name} will answer the Internet itself. For measuring only.");
        var project = builder.AddPlatformProject<TProject>(name, "ingress", http2: false, external: true)
            .WithHttpEndpoint(targetPort: InsidePort, name: "internal")
            .WithEnvironment("Topology__ForwardLimit", "1");
        return project.WithEnvironment(
            "Topology__Listeners__internal", $"{project.GetEndpoint("internal").Property(EndpointProperty.TargetPort)}");
    }

    private static IResourceBuilder<ProjectResource> AddPlatformProject<TProject>(
        this IDistributedApplicationBuilder builder, string name, string listener, bool http2, bool external)
        where TProject : IProjectMetadata, new()
    {
        var project = builder.AddProject<TProject>(name, launchProfileName: null)
            // It would trust everybody's forwarded headers; the platform's proxies are named instead.
            .DisableForwardedHeaders()
            .WithHttpEndpoint(targetPort: Port, name: "http")
            .WithEndpoint("http", endpoint =>
            {
                endpoint.IsExternal = external;
                endpoint.Transport = http2 ? "http2" : "http";
            });
        project
            .WithEnvironment("Topology__ListenAddress", "*")
            .WithEnvironment($"Topology__Listeners__{listener}", $"{project.GetEndpoint("http").Property(EndpointProperty.TargetPort)}")
            .WithEnvironment("Topology__KnownProxies__0", TrustedProxies(builder))
            .WithTraceKey(builder);
        if (external) project.ForThePublic();

        // Probes ask the container itself, on a port that the ingress does not lead to.
        return listener == "internal" ? project
            : project.WithEnvironment("Topology__Listeners__internal", InsidePort.ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>What the public reaches serves the platform's name for it and no other; inside, the edge has decided already.</summary>
    private static void ForThePublic(this IResourceBuilder<ProjectResource> project) => project
        // The same port as the public reaches it: TLS ends before, so the container itself is not told of it.
        .WithHttpsEndpoint(targetPort: Port, name: "https")
        .WithEndpoint("https", endpoint => endpoint.IsExternal = true)
        .WithEndpointsInEnvironment(endpoint => endpoint.Name == "http")
        .WithEnvironment("Topology__AllowedHosts", $"{project.GetEndpoint("http").Property(EndpointProperty.Host)}");

    private static IResourceBuilder<ParameterResource> TrustedProxies(IDistributedApplicationBuilder builder) =>
        builder.Resources.OfType<ParameterResource>().FirstOrDefault(parameter => parameter.Name == Proxies) is { } declared
            ? builder.CreateResourceBuilder(declared)
            : builder.AddParameter(Proxies, PlatformProxies, publishValueAsDefault: true);
}
