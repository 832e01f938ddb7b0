using Topology.Hardening;
using Topology.Traffic.Claims;
using Topology.Traffic.Pages;
using Topology.Traffic.Pairs;
using Topology.Traffic.Runs;

var builder = WebApplication.CreateBuilder(new WebApplicationOptions
{
    Args = args,
    // If the program is started from another folder, its settings are in the program's own folder.
    ContentRootPath = args is [] && !File.Exists("appsettings.json") ? AppContext.BaseDirectory : null,
});
builder.WebHost.UseStaticWebAssets();
builder.AddHardening();
builder.AddServiceDefaults();
builder.AddTargets();
builder.AddPairs();
builder.AddRuns();
builder.AddClaims();
builder.AddPages();

var app = builder.Build();
app.UseServiceDefaults();
app.UseHardening();
app.UsePages();
app.UseAntiforgery();
app.MapDefaultEndpoints();
app.MapRuns();
app.MapClaims();
app.MapPages();
app.Run();
