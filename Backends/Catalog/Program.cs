using Topology.Catalog.Items;
using Topology.Hardening;
using Topology.ServiceDefaults.Diagnostics;

var builder = WebApplication.CreateBuilder(args);
builder.AddHardening();
builder.AddServiceDefaults();
builder.Services.AddValidation();
builder.Services.ConfigureHttpJsonOptions(options => options.SerializerOptions.TypeInfoResolverChain.Insert(0, CatalogJson.Default));
builder.Services.AddSingleton<ItemStore>();

var app = builder.Build();
app.UseServiceDefaults();
app.UseHardening();
app.MapDefaultEndpoints();
app.MapItems();
app.MapWhoAmI("/catalog");
app.Run();
