using Topology.Hardening;
using Topology.Live.Echoing;
using Topology.Live.Events;
using Topology.ServiceDefaults.Diagnostics;

var builder = WebApplication.CreateBuilder(args);
builder.AddHardening();
builder.AddServiceDefaults();
builder.Services.AddValidation();
// A path of two segments that is not routed is no gRPC service: 404, which gRPC clients take for UNIMPLEMENTED.
builder.Services.AddGrpc(options => options.IgnoreUnknownServices = true);

var app = builder.Build();
app.UseWebSockets();
app.UseServiceDefaults();
app.UseHardening();
// gRPC-Web passes where HTTP/2 does not, such as a platform's ingress that speaks HTTP/1.1 to its containers.
app.UseGrpcWeb(new() { DefaultEnabled = true });
app.MapDefaultEndpoints();
app.MapEvents();
app.MapEchoSocket();
app.MapEchoService();
app.MapWhoAmI("/live");
app.Run();
