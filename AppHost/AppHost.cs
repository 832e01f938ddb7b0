using Topology.AppHost.Cloud;
using Topology.AppHost.Commands;
using Topology.AppHost.Lab;
using Topology.AppHost.Rehearsal;
using Topology.AppHost.Running;

// One model in three shapes. The lab is for looking and measuring. The cloud is what is published for Azure Container Apps.
// The rehearsal runs a published manifest on this machine.
return await TopologyRun.StartAsync(args, builder =>
{
    if (builder.ExecutionContext.IsPublishMode) Cloud(builder);
    else if (builder.Configuration["Topology:Manifest"] is { Length: > 0 } file) builder.AddRehearsal(file);
    else Lab(builder);
});

static void Lab(IDistributedApplicationBuilder builder)
{
    // The backends. Each one listens for the public, which is edge-direct, and on other ports for proxies. The two replicas
    // of the catalog have names of their own, so that an edge balances between them itself.
    var backends = builder.AddGroup("backends");
    var catalog1 = builder.AddBackend<Projects.Catalog>("catalog-1", firstPort: 5310).InGroup(backends);
    var catalog2 = builder.AddBackend<Projects.Catalog>("catalog-2", firstPort: 5320).InGroup(backends);
    var orders = builder.AddBackend<Projects.Orders>("orders", firstPort: 5330).InGroup(backends)
        .WithService("catalog", Listeners.Internal, catalog1, catalog2)
        .WithOwnData("ConnectionStrings__orders", "Data Source={0}", "orders.db")
        .WaitFor(catalog1).WaitFor(catalog2);
    var media = builder.AddBackend<Projects.Media>("media", firstPort: 5340).InGroup(backends);
    var live = builder.AddBackend<Projects.Live>("live", firstPort: 5350).InGroup(backends);

    // The edges: one program, two ways to the backends. Cleartext HTTP/2, and HTTPS with local certificates on both sides.
    var edges = builder.AddGroup("edges");
    var edge = builder.AddEdge<Projects.Edge>("edge", firstPort: 5200, upstream: "internal-h2").InGroup(edges);
    var edgeTls = builder.AddEdge<Projects.Edge>("edge-tls", firstPort: 5210, upstream: "internal-tls").InGroup(edges);
    foreach (var proxy in (IResourceBuilder<ProjectResource>[])[edge, edgeTls])
    {
        proxy
            .WithService("catalog", Listeners.Internal, catalog1, catalog2)
            .WithService("orders", Listeners.Internal, orders)
            .WithService("media", Listeners.Internal, media)
            .WithService("live", Listeners.Internal, live)
            .WaitFor(catalog1).WaitFor(catalog2).WaitFor(orders).WaitFor(media).WaitFor(live);
    }

    // Other proxies with the same routes. They need the program installed, and start when asked to, in the dashboard or with
    // --Topology:Start=nginx,apache,haproxy.
    var others = builder.AddGroup("other-proxies");
    var nginx = builder.AddProxy("nginx", firstPort: 5220, programs: ["nginx"], package: "nginx-light").InGroup(others);
    var apache = builder.AddProxy("apache", firstPort: 5230, programs: ["apache2", "httpd"], package: "apache2-bin").InGroup(others);
    var haproxy = builder.AddProxy("haproxy", firstPort: 5240, programs: ["haproxy"], package: "haproxy").InGroup(others);
    builder.CheckStart(nginx, apache, haproxy);
    foreach (var proxy in (IResourceBuilder<ExecutableResource>[])[nginx, apache, haproxy])
    {
        proxy.WithBackends(catalog1, catalog2, orders, media, live).WaitFor(edge);
    }

    // The client: it sends the same request down every path, and compares.
    builder.AddTraffic<Projects.Traffic>("traffic", firstPort: 5290)
        .WithService("catalog", Listeners.Public, catalog1, catalog2)
        .WithService("orders", Listeners.Public, orders)
        .WithService("media", Listeners.Public, media)
        .WithService("live", Listeners.Public, live)
        .WithService("edge", Listeners.Public, edge)
        .WithService("edge-tls", Listeners.Public, edgeTls)
        .WithService("nginx", Listeners.Public, nginx)
        .WithService("apache", Listeners.Public, apache)
        .WithService("haproxy", Listeners.Public, haproxy)
        .WithOwnData("Traffic__History", "{0}", "comparisons.db")
        .WithCompareCommand().WithClaimsCommand()
        .WaitFor(edge).WaitFor(edgeTls);

#if YARP_CONTAINER
    // Aspire's own YARP container as a peer: dotnet run --project AppHost -p:YarpContainer=true. It needs a container runtime.
    builder.AddYarpContainer("yarp", catalog1, orders, media, live);
#endif
}

// On the platform every service has one port behind the platform's ingress, and only the edge is reachable from outside. To
// measure there, Topology:Exposure=both exposes the backends as well; they then have a second port for the edge.
static void Cloud(IDistributedApplicationBuilder builder)
{
    var catalog = builder.AddService<Projects.Catalog>("catalog").WithReplicas(2);
    var orders = builder.AddService<Projects.Orders>("orders").WithInside(catalog).WithEnvironment("Catalog__Address", "http://catalog")
        // A container's own disk goes with it. For orders that stay, give PostgreSQL's connection string instead.
        .WithEnvironment("ConnectionStrings__orders", "Data Source=/tmp/topology-orders.db");
    var media = builder.AddService<Projects.Media>("media");

    // Without TLS one port speaks one protocol: HTTP/1.1 for WebSockets, HTTP/2 for gRPC.
    var live = builder.AddService<Projects.Live>("live");
    var liveGrpc = builder.AddService<Projects.Live>("live-grpc", http2: true);

    var edge = builder.AddPlatformEdge<Projects.Edge>("edge")
        .WithInside(catalog, orders, media, live, liveGrpc)
        .WithEnvironment("ReverseProxy__Clusters__grpc__Destinations__service__Address", "http://live-grpc");

    // It reaches the edge as the public does, and the backends too where they are exposed; otherwise from inside.
    builder.AddService<Projects.Traffic>("traffic")
        .WithOutside(catalog, orders, media, live)
        .WithEnvironment("services__edge__http__0", edge.GetEndpoint("https"))
        // The comparisons that the page shows again. They go with the container.
        .WithEnvironment("Traffic__History", "/tmp/topology-comparisons.db");
}
