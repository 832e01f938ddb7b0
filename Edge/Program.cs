using Topology.Edge.Answers;
using Topology.Edge.Errors;
using Topology.Edge.Upstreams;
using Topology.Hardening;
using Topology.Hardening.Certificates;

var builder = WebApplication.CreateBuilder(args);
builder.AddHardening();
builder.AddServiceDefaults();
builder.AddUpstreams();

var app = builder.Build();
app.UseServiceDefaults();
app.UseHardening();
app.MapDefaultEndpoints();
app.MapRevocationList();
app.MapReverseProxy(proxy =>
{
    proxy.Use(RequestRules.IgnoreUpgrade);
    proxy.Use(RequestRules.CountForwards);
    proxy.Use(app.Services.GetRequiredService<ForwardingLoops>().RefuseAsync);
    proxy.UseMiddleware<ForwarderProblems>();
    proxy.UseMiddleware<RetryElsewhere>();
    proxy.UseLoadBalancing();
    proxy.UsePassiveHealthChecks();
}).ConfigureEndpoints(RouteMetadata.Apply);
app.Run();
