using Topology.Hardening;

var builder = WebApplication.CreateBuilder(args);
builder.AddHardening();

var app = builder.Build();
app.UseHardening();
app.MapGet("/", () => "Hello World!");
app.MapPost("/notes", async (HttpRequest request) => (await new StreamReader(request.Body).ReadToEndAsync()).Length);
app.Run();
