using Topology.AppHost.Cloud;
using Topology.AppHost.Commands;
using Topology.AppHost.Database;
using Topology.AppHost.Lab;
using Topology.AppHost.Rehearsal;
using Topology.AppHost.Running;

// One model, three variants: the lab for local measurements, the cloud for publishing to Azure Container Apps, and the
// rehearsal for running a published manifest on this machine.
return await TopologyRun.StartAsync(args, builder =>
{
    if (builder.ExecutionContext.IsPublishMode) Cloud(builder);
    else if (builder.Configuration["Topology:Manifest"] is { Length: > 0 } file) builder.WithLocalParameters().AddRehearsal(file);
    else Lab(builder);
});

static void Lab(IDistributedApplicationBuilder builder)
{
    // The backends. Each has public listeners (edge-direct) and internal listeners for proxies. The two catalog replicas are
    // separate resources, so the edge itself balances the load between them.
    var backends = builder.AddGroup("backends");
    var catalog1 = builder.AddBackend<Projects.Catalog>("catalog-1", firstPort: 5310).InGroup(backends);
    var catalog2 = builder.AddBackend<Projects.Catalog>("catalog-2", firstPort: 5320).InGroup(backends);
    // One process with a SQLite file, or with --Topology:Orders=postgres two replicas on one PostgreSQL database.
    var database = builder.AddOrdersDatabase("orders-database", port: 5365)?.InGroup(backends);
    IResourceBuilder<ProjectResource>[] orders =
        database is null ? [AddOrders("orders", 5330)] : [AddOrders("orders", 5330), AddOrders("orders-2", 5360)];
    IResourceBuilder<ProjectResource> AddOrders(string name, int firstPort)
    {
        var replica = builder.AddBackend<Projects.Orders>(name, firstPort).InGroup(backends)
            .WithService("catalog", Listeners.Internal, catalog1, catalog2)
            .WaitFor(catalog1).WaitFor(catalog2);
        return database is null ? replica.WithOwnData("ConnectionStrings__orders", "Data Source={0}", "orders.db")
            : replica.WithReference(database, connectionName: "orders").WaitForStart(database);
    }
    var media = builder.AddBackend<Projects.Media>("media", firstPort: 5340).InGroup(backends);
    var live = builder.AddBackend<Projects.Live>("live", firstPort: 5350).InGroup(backends);

    // Two edges from one program: one uses cleartext HTTP/2 to the backends, the other HTTPS with local certificates on both sides.
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
            .WaitFor(catalog1).WaitFor(catalog2).WaitFor(media).WaitFor(live);
        foreach (var replica in orders) proxy.WaitFor(replica);
    }

    // Other proxies with the same routes. Each must be installed. Start them in the dashboard or with
    // --Topology:Start=nginx,apache,haproxy. They know one replica of orders.
    var others = builder.AddGroup("other-proxies");
    var nginx = builder.AddProxy("nginx", firstPort: 5220, programs: ["nginx"], package: "nginx-light").InGroup(others);
    var apache = builder.AddProxy("apache", firstPort: 5230, programs: ["apache2", "httpd"], package: "apache2-bin").InGroup(others);
    var haproxy = builder.AddProxy("haproxy", firstPort: 5240, programs: ["haproxy"], package: "haproxy").InGroup(others);
    builder.CheckStart(nginx, apache, haproxy);
    foreach (var proxy in (IResourceBuilder<ExecutableResource>[])[nginx, apache, haproxy])
    {
        proxy.WithBackends(catalog1, catalog2, orders[0], media, live).WaitFor(edge);
    }

    // The client sends the same requests along every path and compares the results.
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
    // Aspire's own YARP container, for comparison: dotnet run --project AppHost -p:YarpContainer=true. Needs a container runtime.
    builder.AddYarpContainer("yarp", catalog1, orders[0], media, live);
#endif
}

// In the cloud, every service has one port behind the platform's ingress, and only the edge is public. For measurements,
// Topology:Exposure=both also exposes the backends. They then have a second port for the edge.
static void Cloud(IDistributedApplicationBuilder builder)
{
    var catalog = builder.AddService<Projects.Catalog>("catalog").WithReplicas(2);
    // Replicas share the database, and it outlives them: a container's disk is deleted with the container.
    var orders = builder.AddService<Projects.Orders>("orders").WithInternalAddresses(catalog).WithReplicas(2)
        .WithEnvironment("Catalog__Address", "http://catalog")
        .WithOrdersDatabase();
    var media = builder.AddService<Projects.Media>("media");

    // Without TLS, each port serves one protocol: HTTP/1.1 for WebSockets, HTTP/2 for gRPC.
    var live = builder.AddService<Projects.Live>("live");
    var liveGrpc = builder.AddService<Projects.Live>("live-grpc", http2: true);

    var edge = builder.AddPlatformEdge<Projects.Edge>("edge")
        .WithInternalAddresses(catalog, orders, media, live, liveGrpc)
        .WithEnvironment("ReverseProxy__Clusters__grpc__Destinations__service__Address", "http://live-grpc");

    // Uses public addresses for the edge and for exposed backends, internal addresses for the others.
    builder.AddService<Projects.Traffic>("traffic")
        .WithPublicAddresses(catalog, orders, media, live)
        .WithEnvironment("services__edge__http__0", edge.GetEndpoint("https"))
        // Past comparisons for the page. They are deleted with the container.
        .WithEnvironment("Traffic__History", "/tmp/topology-comparisons.db");
}
