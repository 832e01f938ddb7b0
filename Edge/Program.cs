using Topology.Edge.Answers;
using Topology.Edge.Errors;
using Topology.Edge.Upstreams;
using Topology.ServiceDefaults.Certificates;
using Topology.ServiceDefaults.Exposure.Upgrades;
using Topology.ServiceDefaults.Paths;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults();
builder.AddUpstreams();

var app = builder.Build();
app.UseServiceDefaults();
app.MapDefaultEndpoints();
app.MapRevocationList();
app.MapReverseProxy(proxy =>
{
    proxy.Use(RequestRules.IgnoreUpgrade);
    proxy.Use(app.Services.GetRequiredService<ForwardingLoops>().RefuseAsync);
    proxy.UseMiddleware<ForwarderProblems>();
    proxy.UseMiddleware<RetryElsewhere>();
    proxy.UseLoadBalancing();
    proxy.UsePassiveHealthChecks();
}).ConfigureEndpoints((endpoint, route) =>
{
    if (route.Metadata?.GetValueOrDefault("Workload") is { } workload) endpoint.WithWorkload(workload);
    if (route.Metadata?.GetValueOrDefault("Speaks") == "WebSocket") endpoint.SpeaksWebSocket();
});
app.Run();
