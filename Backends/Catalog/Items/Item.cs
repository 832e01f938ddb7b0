using System.Text.Json.Serialization;

namespace Topology.Catalog.Items;

/// <summary>A catalog item.</summary>
/// <param name="Id">Starts at 1.</param>
/// <param name="Name">Display name.</param>
/// <param name="Category">One of a few categories.</param>
/// <param name="Price">In euros, with two decimals.</param>
/// <param name="Description">A few sentences, so that a response has about half a kilobyte.</param>
public sealed record Item(int Id, string Name, string Category, decimal Price, string Description);

/// <summary>A page of items, ordered by id.</summary>
/// <param name="Items">At most <paramref name="Size"/> items; empty past the last page.</param>
/// <param name="Page">Starts at 1.</param>
/// <param name="Size">Items per page.</param>
/// <param name="Total">Total number of items.</param>
public sealed record ItemPage(IReadOnlyList<Item> Items, int Page, int Size, int Total);

[JsonSourceGenerationOptions(System.Text.Json.JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(Item))]
[JsonSerializable(typeof(ItemPage))]
internal sealed partial class CatalogJson : JsonSerializerContext;
