using Topology.ServiceDefaults.Problems;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults();

var app = builder.Build();
app.UseProblems();
app.MapDefaultEndpoints();
app.Run();
