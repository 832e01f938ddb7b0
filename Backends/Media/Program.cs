using Topology.Hardening;
using Topology.Media.Content;
using Topology.ServiceDefaults.Diagnostics;

var builder = WebApplication.CreateBuilder(args);
builder.AddHardening();
builder.AddServiceDefaults();

var app = builder.Build();
app.UseServiceDefaults();
app.UseHardening();
app.MapDefaultEndpoints();
app.MapDownload();
app.MapUpload();
app.MapWhoAmI("/media");
app.Run();
