using Microsoft.EntityFrameworkCore;

namespace Topology.Orders.Storage;

/// <summary>A stored order.</summary>
public sealed class Order
{
    /// <summary>Increases with each order; the cursor for listings.</summary>
    public long Sequence { get; init; }

    /// <summary>The public order id.</summary>
    public required Guid Id { get; init; }

    /// <summary>The client's idempotency key. No two orders have the same key.</summary>
    public required string IdempotencyKey { get; init; }

    /// <summary>SHA-256 of the order's content, to detect a different request with the same key.</summary>
    public required byte[] Fingerprint { get; init; }

    /// <summary>The time of acceptance.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>The order lines, with the prices at the time of ordering.</summary>
    public required IList<OrderLine> Lines { get; init; }
}

/// <summary>One line of an order.</summary>
public sealed class OrderLine
{
    /// <summary>The catalog's item id.</summary>
    public required int ItemId { get; init; }

    /// <summary>The number of items.</summary>
    public required int Quantity { get; init; }

    /// <summary>Price in euros at the time of acceptance.</summary>
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
