using Topology.Live.Echoing;
using Topology.Live.Events;
using Topology.ServiceDefaults.Diagnostics;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults();
builder.Services.AddValidation();
builder.Services.AddGrpc();

var app = builder.Build();
app.UseWebSockets();
app.UseServiceDefaults();
// gRPC-Web passes where HTTP/2 does not, such as a platform's ingress that speaks HTTP/1.1 to its containers.
app.UseGrpcWeb(new() { DefaultEnabled = true });
app.MapDefaultEndpoints();
app.MapEvents();
app.MapEchoSocket();
app.MapEchoService();
app.MapWhoAmI("/live");
app.Run();
