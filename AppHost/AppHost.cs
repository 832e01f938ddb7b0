using Microsoft.Extensions.Configuration;
using Topology.AppHost;

// One model, two shapes: the lab, for looking and measuring, and the cloud, for Azure Container Apps.
var builder = DistributedApplication.CreateBuilder(args);
if (builder.IsCloud()) Cloud(builder);
else Lab(builder);
builder.Build().Run();

static void Lab(IDistributedApplicationBuilder builder)
{
    // The backends. Each one listens for the public, which is edge-direct, and apart from that for proxies.
    // Two replicas of the catalog have names of their own, so that an edge sees both and not a balancer in front of them.
    var catalog1 = builder.AddBackend<Projects.Catalog>("catalog-1", firstPort: 5310);
    var catalog2 = builder.AddBackend<Projects.Catalog>("catalog-2", firstPort: 5320);
    var orders = builder.AddBackend<Projects.Orders>("orders", firstPort: 5330)
        .WithService("catalog", Listeners.Internal, catalog1, catalog2)
        .WaitFor(catalog1).WaitFor(catalog2);
    var media = builder.AddBackend<Projects.Media>("media", firstPort: 5340);
    var live = builder.AddBackend<Projects.Live>("live", firstPort: 5350);

    // The edges: one program, two ways inwards. Plain HTTP/2, and HTTPS with locally managed certificates on both sides.
    var edge = builder.AddEdge<Projects.Edge>("edge", firstPort: 5200, upstream: "internal-h2");
    var edgeTls = builder.AddEdge<Projects.Edge>("edge-tls", firstPort: 5210, upstream: "internal-tls");
    foreach (var proxy in (IResourceBuilder<ProjectResource>[])[edge, edgeTls])
    {
        proxy
            .WithService("catalog", Listeners.Internal, catalog1, catalog2)
            .WithService("orders", Listeners.Internal, orders)
            .WithService("media", Listeners.Internal, media)
            .WithService("live", Listeners.Internal, live)
            .WaitFor(catalog1).WaitFor(catalog2).WaitFor(orders).WaitFor(media).WaitFor(live);
    }

    // Other proxies, configured for the same job. They start when asked to, on machines where they are installed.
    var nginx = builder.AddProxy("nginx", firstPort: 5220, program: "nginx", package: "nginx-light");
    var apache = builder.AddProxy("apache", firstPort: 5230, program: "apache2|httpd", package: "apache2-bin");
    var haproxy = builder.AddProxy("haproxy", firstPort: 5240, program: "haproxy", package: "haproxy");
    foreach (var proxy in (IResourceBuilder<ExecutableResource>[])[nginx, apache, haproxy])
    {
        proxy.WithBackends(catalog1, catalog2, orders, media, live).WaitFor(edge);
    }

    // The client: sends the same request down every path, and compares.
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
        .WaitFor(edge).WaitFor(edgeTls);

    // The stock YARP container as a peer, for machines with a container runtime: dotnet run -- --Topology:YarpContainer=true
    if (builder.Configuration.GetValue<bool>("Topology:YarpContainer"))
    {
        builder.AddYarpContainer("yarp", catalog1, orders, media, live);
    }
}

// On the platform every service has one port behind the platform's ingress, and only the edge is reachable from outside. To measure
// there, Topology:Exposure=both exposes the backends beside it; they have a second port then, for the inside.
static void Cloud(IDistributedApplicationBuilder builder)
{
    var catalog = builder.AddService<Projects.Catalog>("catalog").WithReplicas(2);
    var orders = builder.AddService<Projects.Orders>("orders").WithInside(catalog).WithEnvironment("Catalog__Address", "http://catalog")
        // A container's own disk goes with it; for orders that stay, give PostgreSQL's connection string instead.
        .WithEnvironment("ConnectionStrings__orders", "Data Source=/tmp/topology-orders.db");
    var media = builder.AddService<Projects.Media>("media");

    // One port speaks one protocol without TLS: HTTP/1.1 for WebSockets, HTTP/2 for gRPC.
    var live = builder.AddService<Projects.Live>("live");
    var liveGrpc = builder.AddService<Projects.Live>("live-grpc", http2: true);

    var edge = builder.AddPlatformEdge<Projects.Edge>("edge")
        .WithInside(catalog, orders, media, live, liveGrpc)
        .WithEnvironment("ReverseProxy__Clusters__grpc__Destinations__service__Address", "http://live-grpc");

    // It reaches the edge as the public does, and the backends too where they are exposed; otherwise from inside. Its page is not exposed.
    builder.AddService<Projects.Traffic>("traffic")
        .WithOutside(catalog, orders, media, live)
        .WithEnvironment("services__edge__http__0", edge.GetEndpoint("https"))
        // Where results lie that the page shows again; they go with the container.
        .WithEnvironment("Traffic__History", "/tmp/topology-comparisons.db");
}
