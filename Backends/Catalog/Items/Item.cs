using System.Text.Json.Serialization;

namespace Topology.Catalog.Items;

/// <summary>A thing for sale.</summary>
/// <param name="Id">From 1 on.</param>
/// <param name="Name">A name for people.</param>
/// <param name="Category">One of a handful.</param>
/// <param name="Price">In euros, with two decimals.</param>
/// <param name="Description">A sentence or two; makes an answer of about half a kilobyte.</param>
public sealed record Item(int Id, string Name, string Category, decimal Price, string Description);

/// <summary>A page of items, in the order of their ids.</summary>
/// <param name="Items">At most <paramref name="Size"/> items; empty past the end.</param>
/// <param name="Page">From 1 on.</param>
/// <param name="Size">Items on a page.</param>
/// <param name="Total">Items in all.</param>
public sealed record ItemPage(IReadOnlyList<Item> Items, int Page, int Size, int Total);

[JsonSourceGenerationOptions(System.Text.Json.JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(Item))]
[JsonSerializable(typeof(ItemPage))]
internal sealed partial class CatalogJson : JsonSerializerContext;
