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
app.MapDefaultEndpoints();
app.MapEvents();
app.MapEchoSocket();
app.MapEchoService();
app.MapWhoAmI("/live");
app.Run();
