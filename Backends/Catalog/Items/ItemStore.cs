namespace Topology.Catalog.Items;

/// <summary>
/// A few thousand items, identical in every replica and after every start, so that responses can be compared byte by byte.
/// </summary>
public sealed class ItemStore
{
    /// <summary>The number of items.</summary>
    public const int Count = 4096;

    private static readonly string[] Materials = ["Oak", "Steel", "Linen", "Glass", "Cork", "Brass", "Wool", "Slate"];
    private static readonly string[] Things = ["lamp", "table", "kettle", "chair", "clock", "basket", "mirror", "shelf"];
    private static readonly string[] Categories = ["kitchen", "living", "office", "garden", "bath"];

    private readonly Item[] _items = [.. Enumerable.Range(1, Count).Select(Create)];

    /// <summary>The item with this id, or null.</summary>
    public Item? Find(int id) => id is >= 1 and <= Count ? _items[id - 1] : null;

    /// <summary>Returns one page of items.</summary>
    public ItemPage List(int page, int size) =>
        new([.. _items.Skip((int)Math.Min((long)(page - 1) * size, Count)).Take(size)], page, size, Count);

    private static Item Create(int id)
    {
        var material = Materials[id % Materials.Length];
        var thing = Things[id / Materials.Length % Things.Length];
        var category = Categories[id % Categories.Length];
        return new(id, $"{material} {thing} {id}", category, 1 + id * 7919 % 50_000 / 100m,
            $"A {thing} of {material.ToLowerInvariant()} for the {category}, number {id} in the catalog. It is made to order, " +
            "ships flat within two weeks and comes with everything needed to put it together; spare parts stay available for " +
            "ten years. Returned within a month in the state it came in, it is taken back without questions.");
    }
}
