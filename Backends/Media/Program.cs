using Topology.Media.Content;
using Topology.ServiceDefaults.Diagnostics;
using Topology.ServiceDefaults.Problems;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults();

var app = builder.Build();
app.UseProblems();
app.MapDefaultEndpoints();
app.MapContent();
app.MapWhoAmI("/media");
app.Run();
