using System.Globalization;
using Topology.AppHost.Running;

namespace Topology.AppHost.Cloud;

/// <summary>Adds the resources of the cloud variant.</summary>
internal static class CloudExtensions
{
    private const int Port = 8080;
    private const int InternalPort = 8081;
    private const string Proxies = "trustedProxies";
    private const string OrdersDatabase = "ordersDatabase";

    /// <summary>
    /// The addresses from which Container Apps' ingress connects to containers, plus loopback for sidecars and the local
    /// ingress stand-in.
    /// </summary>
    private const string PlatformProxies = "100.64.0.0/10;127.0.0.0/8;::1";

    /// <summary>Adds a service that is internal to the environment unless <c>Topology:Exposure</c> is <c>both</c>.</summary>
    public static IResourceBuilder<ProjectResource> AddService<TProject>(
        this IDistributedApplicationBuilder builder, string name, bool http2 = false)
        where TProject : IProjectMetadata, new() => builder.ExposesBoth() && name != "traffic" && !http2
        ? builder.AddExposed<TProject>(name)
        // Two trusted hops: the edge, and the platform's ingress that the edge connects through.
        : builder.AddPlatformProject<TProject>(name, http2 ? "internal-h2" : "internal", http2, external: false).WithEnvironment(
            "Topology__ForwardLimit", "2");

    /// <summary>
    /// Adds the edge, the only service that the platform exposes. It trusts the platform's ingress and accepts only the host
    /// name that the platform assigns.
    /// </summary>
    public static IResourceBuilder<ProjectResource> AddPlatformEdge<TProject>(this IDistributedApplicationBuilder builder, string name)
        where TProject : IProjectMetadata, new() =>
        builder.AddPlatformProject<TProject>(name, "ingress", http2: false, external: true)
            .WithEnvironment("Topology__Path", name)
            .WithEnvironment("Edge__Upstream", "");

    /// <summary>Passes the backends' internal addresses to the project.</summary>
    public static IResourceBuilder<ProjectResource> WithInternalAddresses(
        this IResourceBuilder<ProjectResource> project, params IResourceBuilder<ProjectResource>[] backends) =>
        project.WithAddresses("internal", backends);

    /// <summary>
    /// Passes the backends' public HTTPS addresses to the project; for backends that are not exposed, the internal ones.
    /// </summary>
    public static IResourceBuilder<ProjectResource> WithPublicAddresses(
        this IResourceBuilder<ProjectResource> project, params IResourceBuilder<ProjectResource>[] backends) =>
        project.WithAddresses("https", backends);

    /// <summary>
    /// The orders' PostgreSQL database is a parameter: its connection string, which only whoever deploys knows. A database in a
    /// container of the environment would lose its data with the container, and PostgreSQL cannot use the environment's file shares.
    /// </summary>
    public static IResourceBuilder<ProjectResource> WithOrdersDatabase(this IResourceBuilder<ProjectResource> project) =>
        project.WithEnvironment("ConnectionStrings__orders", project.ApplicationBuilder.AddParameter(OrdersDatabase, secret: true));

    /// <summary>A rehearsal needs no PostgreSQL: without a value for the parameter, orders are in a SQLite file of this run.</summary>
    public static IDistributedApplicationBuilder WithLocalParameters(this IDistributedApplicationBuilder builder)
    {
        builder.Configuration[$"Parameters:{OrdersDatabase}"] ??=
            $"Data Source={Path.Combine(builder.DataFolder() ?? TopologyRun.TemporaryData, "orders.db")}";
        return builder;
    }

    /// <summary>Gives the project each backend's address: the named endpoint if the backend has it, otherwise its only endpoint.</summary>
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
    /// Adds a backend that is public in addition to the edge. Internal traffic has its own port, because the ingress redirects HTTP to
    /// HTTPS and does not route to health checks. The platform forwards that port as TCP, so only the edge sets forwarded headers. The
    /// forward limit is therefore 1.
    /// </summary>
    private static IResourceBuilder<ProjectResource> AddExposed<TProject>(this IDistributedApplicationBuilder builder, string name)
        where TProject : IProjectMetadata, new()
    {
        Console.Error.WriteLine($"Topology:Exposure=both: {name} is directly reachable from the Internet. Use this for measurements only.");
        var project = builder.AddPlatformProject<TProject>(name, "ingress", http2: false, external: true)
            .WithHttpEndpoint(targetPort: InternalPort, name: "internal")
            .WithEnvironment("Topology__ForwardLimit", "1");
        return project.WithEnvironment(
            "Topology__Listeners__internal", $"{project.GetEndpoint("internal").Property(EndpointProperty.TargetPort)}");
    }

    private static IResourceBuilder<ProjectResource> AddPlatformProject<TProject>(
        this IDistributedApplicationBuilder builder, string name, string listener, bool http2, bool external)
        where TProject : IProjectMetadata, new()
    {
        var project = builder.AddProject<TProject>(name, launchProfileName: null)
            // Aspire would trust forwarded headers from any sender. The services trust only the platform's proxies.
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
        if (external) project.WithPublicEndpoint();

        // Probes connect directly to the container, on a port that the ingress does not route to.
        return listener == "internal" ? project
            : project.WithEnvironment("Topology__Listeners__internal", InternalPort.ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>
    /// Public services accept only the host name that the platform assigns. For internal ones, the edge has already checked the
    /// host.
    /// </summary>
    private static void WithPublicEndpoint(this IResourceBuilder<ProjectResource> project) => project
        // Uses the same container port as HTTP: the ingress terminates TLS, so the container has no HTTPS listener.
        .WithHttpsEndpoint(targetPort: Port, name: "https")
        .WithEndpoint("https", endpoint => endpoint.IsExternal = true)
        .WithEndpointsInEnvironment(endpoint => endpoint.Name == "http")
        .WithEnvironment("Topology__AllowedHosts", $"{project.GetEndpoint("http").Property(EndpointProperty.Host)}");

    private static IResourceBuilder<ParameterResource> TrustedProxies(IDistributedApplicationBuilder builder) =>
        builder.Resources.OfType<ParameterResource>().FirstOrDefault(parameter => parameter.Name == Proxies) is { } declared
            ? builder.CreateResourceBuilder(declared)
            : builder.AddParameter(Proxies, PlatformProxies, publishValueAsDefault: true);
}
