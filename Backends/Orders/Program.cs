using Topology.Orders.Ordering;
using Topology.Orders.Pricing;
using Topology.Orders.Storage;
using Topology.ServiceDefaults.Diagnostics;
using Topology.ServiceDefaults.Problems;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults();
builder.Services.AddValidation();
builder.AddOrderStorage();
builder.AddCatalogPrices();

var app = builder.Build();
await app.Services.CreateOrderStorageAsync();
app.UseProblems();
app.MapDefaultEndpoints();
app.MapOrders();
app.MapWhoAmI("/orders");
app.Run();
