using Microsoft.Extensions.Options;
using Topology.ServiceDefaults.Certificates;
using Topology.Traffic.Bench;
using Topology.Traffic.Claims;
using Topology.Traffic.Commands;
using Topology.Traffic.Pages;
using Topology.Traffic.Pairs;
using Topology.Traffic.Runs;
using Topology.Traffic.Targets;

// With a command this is a command line; without one it is the service that the topology runs.
if (CommandLine.IsMeantBy(args)) return await CommandLine.InvokeAsync(args, CompareCommand.Create(), ClaimsCommand.Create(), BenchCommand.Create(), CertsCommand.Create());

var builder = WebApplication.CreateBuilder(new WebApplicationOptions
{
    Args = args,
    // Where it is started from another folder, its settings lie beside the program.
    ContentRootPath = args is [] && !File.Exists("appsettings.json") ? AppContext.BaseDirectory : null,
});
builder.WebHost.UseStaticWebAssets();
builder.AddServiceDefaults();
builder.Services.AddSingleton<TargetMap>();
builder.Services.AddSingleton(services => new PublicTrust(
    builder.Configuration, LocalAuthorities.AreAllowed(services.GetRequiredService<IOptions<CertificateOptions>>().Value, builder.Environment)));
builder.Services.AddSingleton<StartedPaths>();
builder.Services.AddSingleton<RunningTopology>();
builder.AddPairs();
builder.AddRuns();
builder.AddClaims();
builder.AddPages();

var app = builder.Build();
app.UseServiceDefaults();
app.UseAntiforgery();
app.MapDefaultEndpoints();
app.MapRuns();
app.MapClaims();
app.MapPages();
app.Run();
return 0;
