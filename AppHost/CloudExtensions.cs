using Microsoft.Extensions.Configuration;

namespace Topology.AppHost;

/// <summary>The parts of the cloud shape.</summary>
internal static class CloudExtensions
{
    private const int Port = 8080;
    private const string ProbePort = "8081";
    private const string Proxies = "trustedProxies";

    /// <summary>
    /// Container Apps' own addresses, from which its ingress speaks to containers; and loopback, for a stand-in of it on
    /// a developer's machine and for sidecars.
    /// </summary>
    private const string PlatformProxies = "100.64.0.0/10;127.0.0.0/8;::1";

    /// <summary>Publishing makes the cloud's shape and running the lab's; <c>Topology:Shape</c> (lab or cloud) decides otherwise.</summary>
    /// <exception cref="InvalidOperationException">The shape is neither.</exception>
    public static bool IsCloud(this IDistributedApplicationBuilder builder) => builder.Configuration["Topology:Shape"] switch
    {
        null or "" => builder.ExecutionContext.IsPublishMode,
        "cloud" => true,
        "lab" => false,
        var other => throw new InvalidOperationException($"Topology:Shape is \"{other}\"; set lab or cloud."),
    };

    /// <summary>A service that only the inside of the environment reaches, unless <c>Topology:Exposure</c> is <c>both</c>.</summary>
    public static IResourceBuilder<ProjectResource> AddService<TProject>(this IDistributedApplicationBuilder builder, string name, bool http2 = false)
        where TProject : IProjectMetadata, new()
    {
        var exposed = builder.Configuration["Topology:Exposure"] == "both" && name != "traffic" && !http2;
        if (exposed) Console.Error.WriteLine($"Topology:Exposure=both: {name} will answer the Internet itself. For measuring only.");

        // Exposed, it trusts nobody but the platform's ingress; inside, also the edge, which speaks through that ingress: two hops.
        return builder.AddPlatformProject<TProject>(name, exposed ? "ingress" : http2 ? "internal-h2" : "internal", http2, external: exposed)
            .WithEnvironment("Topology__ForwardLimit", "2");
    }

    /// <summary>The edge: the only service that the platform exposes. It believes the platform's ingress, and serves the platform's name for it.</summary>
    public static IResourceBuilder<ProjectResource> AddPlatformEdge<TProject>(this IDistributedApplicationBuilder builder, string name)
        where TProject : IProjectMetadata, new() =>
        builder.AddPlatformProject<TProject>(name, "ingress", http2: false, external: true)
            // The same port as the public reaches it: TLS ends before, so the container itself is not told of it.
            .WithHttpsEndpoint(targetPort: Port, name: "https")
            .WithEndpoint("https", endpoint => endpoint.IsExternal = true)
            .WithEndpointsInEnvironment(endpoint => endpoint.UriScheme == Uri.UriSchemeHttp)
            .WithEnvironment("Topology__Path", name)
            .WithEnvironment("Edge__Upstream", "");

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
            .WithEnvironment("Topology__KnownProxies__0", TrustedProxies(builder));

        // What the public reaches serves the platform's name for it and no other; inside, the edge has decided already.
        if (external) project.WithEnvironment("Topology__AllowedHosts", $"{project.GetEndpoint("http").Property(EndpointProperty.Host)}");

        // Probes ask the container itself, on a port that the ingress does not lead to.
        return listener == "internal" ? project : project.WithEnvironment("Topology__Listeners__internal", ProbePort);
    }

    private static IResourceBuilder<ParameterResource> TrustedProxies(IDistributedApplicationBuilder builder) =>
        builder.Resources.OfType<ParameterResource>().FirstOrDefault(parameter => parameter.Name == Proxies) is { } declared
            ? builder.CreateResourceBuilder(declared)
            : builder.AddParameter(Proxies, PlatformProxies, publishValueAsDefault: true);
}
