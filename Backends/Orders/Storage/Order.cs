using Microsoft.EntityFrameworkCore;

namespace Topology.Orders.Storage;

/// <summary>An order as stored.</summary>
public sealed class Order
{
    /// <summary>Grows with each order: the cursor of a listing.</summary>
    public long Sequence { get; init; }

    /// <summary>The order's name to the outside.</summary>
    public required Guid Id { get; init; }

    /// <summary>The client's key: at most one order has it.</summary>
    public required string IdempotencyKey { get; init; }

    /// <summary>SHA-256 of what was ordered, to tell a repeated request from another one under the same key.</summary>
    public required byte[] Fingerprint { get; init; }

    /// <summary>When the order was accepted.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>The lines, priced when ordered.</summary>
    public required IList<OrderLine> Lines { get; init; }
}

/// <summary>One line of an order.</summary>
public sealed class OrderLine
{
    /// <summary>The item's id in the catalog.</summary>
    public required int ItemId { get; init; }

    /// <summary>How many.</summary>
    public required int Quantity { get; init; }

    /// <summary>In euros, when the order was accepted.</summary>
    public required decimal UnitPrice { get; init; }
}

/// <summary>The orders' database.</summary>
public sealed class OrdersContext(DbContextOptions<OrdersContext> options) : DbContext(options)
{
    /// <summary>All orders.</summary>
    public DbSet<Order> Orders => Set<Order>();

    /// <inheritdoc />
    protected override void OnModelCreating(ModelBuilder modelBuilder) => modelBuilder.Entity<Order>(order =>
    {
        order.HasKey(entity => entity.Sequence);
        order.HasIndex(entity => entity.Id).IsUnique();
        order.HasIndex(entity => entity.IdempotencyKey).IsUnique();
        order.OwnsMany(entity => entity.Lines, lines => lines.ToJson());
    });
}
