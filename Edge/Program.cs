using Topology.Edge.Errors;
using Topology.Edge.Upstreams;
using Topology.ServiceDefaults.Paths;
using Topology.ServiceDefaults.Problems;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults();
builder.AddUpstreams();

var app = builder.Build();
app.UseProblems();
app.MapDefaultEndpoints();
app.MapReverseProxy(proxy =>
{
    proxy.UseMiddleware<ForwarderProblems>();
    proxy.UseLoadBalancing();
    proxy.UsePassiveHealthChecks();
}).ConfigureEndpoints((endpoint, route) =>
{
    if (route.Metadata?.GetValueOrDefault("Workload") is { } workload) endpoint.WithWorkload(workload);
});
app.Run();
