using Topology.Hardening;
using Topology.Live.Echoing;
using Topology.Live.Events;
using Topology.ServiceDefaults.Diagnostics;

var builder = WebApplication.CreateBuilder(args);
builder.AddHardening();
builder.AddServiceDefaults();
builder.Services.AddValidation();
// Without this option, gRPC would answer unknown two-segment paths. They get 404, which gRPC clients map to UNIMPLEMENTED.
builder.Services.AddGrpc(options => options.IgnoreUnknownServices = true);

var app = builder.Build();
app.UseWebSockets();
app.UseServiceDefaults();
app.UseHardening();
// gRPC-Web works without HTTP/2, for example behind a platform ingress that uses HTTP/1.1 to its containers.
app.UseGrpcWeb(new() { DefaultEnabled = true });
app.MapDefaultEndpoints();
app.MapEvents();
app.MapEchoSocket();
app.MapEchoService();
app.MapWhoAmI("/live");
app.Run();
