using Topology.Hardening;
using Topology.Orders.Ordering;
using Topology.Orders.Pricing;
using Topology.Orders.Storage;
using Topology.ServiceDefaults.Diagnostics;

var builder = WebApplication.CreateBuilder(args);
builder.AddHardening();
builder.AddServiceDefaults();
builder.Services.AddValidation();
builder.AddOrderStorage();
builder.AddCatalogPrices();

var app = builder.Build();
await app.Services.PrepareOrderStorageAsync();
app.UseServiceDefaults();
app.UseHardening();
app.MapDefaultEndpoints();
app.MapOrders();
app.MapWhoAmI("/orders");
app.Run();
