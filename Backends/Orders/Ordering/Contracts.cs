using System.ComponentModel.DataAnnotations;
using Topology.Orders.Storage;

namespace Topology.Orders.Ordering;

/// <summary>A new order from a client.</summary>
/// <param name="Lines">1 to 100 lines.</param>
public sealed record OrderRequest([property: Required, MinLength(1), MaxLength(100)] IReadOnlyList<OrderRequestLine> Lines);

/// <summary>A line of a new order.</summary>
/// <param name="ItemId">The catalog's item id.</param>
/// <param name="Quantity">1 to 1000.</param>
public sealed record OrderRequestLine([property: Range(1, int.MaxValue)] int ItemId, [property: Range(1, 1000)] int Quantity);

/// <summary>An accepted order.</summary>
public sealed record OrderResponse(Guid Id, long Sequence, DateTimeOffset CreatedAt, IReadOnlyList<OrderResponseLine> Lines, decimal Total)
{
    internal static OrderResponse From(Order order) => new(
        order.Id,
        order.Sequence,
        order.CreatedAt,
        [.. order.Lines.Select(line => new OrderResponseLine(line.ItemId, line.Quantity, line.UnitPrice))],
        order.Lines.Sum(line => line.Quantity * line.UnitPrice));
}

/// <summary>A line of an accepted order; the price is in euros.</summary>
public sealed record OrderResponseLine(int ItemId, int Quantity, decimal UnitPrice);

/// <summary>A page of orders, oldest first.</summary>
/// <param name="Orders">The orders.</param>
/// <param name="Next">The <c>after</c> value for the next page; null on the last page.</param>
public sealed record OrderPage(IReadOnlyList<OrderResponse> Orders, long? Next);
