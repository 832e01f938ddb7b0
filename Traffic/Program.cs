using Topology.Traffic.Pages;
using Topology.Traffic.Pairs;
using Topology.Traffic.Targets;

var builder = WebApplication.CreateBuilder(args);
builder.WebHost.UseStaticWebAssets();
builder.AddServiceDefaults();
builder.Services.AddSingleton<TargetMap>();
builder.Services.AddSingleton<PublicTrust>();
builder.Services.AddSingleton<RunningTopology>();
builder.AddPairs();
builder.AddPages();

var app = builder.Build();
app.UseServiceDefaults();
app.UseAntiforgery();
app.MapDefaultEndpoints();
app.MapPages();
app.Run();
