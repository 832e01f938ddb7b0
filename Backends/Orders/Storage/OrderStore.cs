using Microsoft.EntityFrameworkCore;

namespace Topology.Orders.Storage;

/// <summary>Stores orders, at most one for each idempotency key.</summary>
public sealed class OrderStore(OrdersContext context, WriteGate gate)
{
    /// <summary>The order of that id, or null.</summary>
    public Task<Order?> FindAsync(Guid id, CancellationToken cancellationToken) =>
        context.Orders.AsNoTracking().FirstOrDefaultAsync(order => order.Id == id, cancellationToken);

    /// <summary>The order of that idempotency key, or null.</summary>
    public Task<Order?> FindByKeyAsync(string key, CancellationToken cancellationToken) =>
        context.Orders.AsNoTracking().FirstOrDefaultAsync(order => order.IdempotencyKey == key, cancellationToken);

    /// <summary>Up to <paramref name="limit"/> orders after the cursor, oldest first.</summary>
    public Task<List<Order>> ListAsync(long after, int limit, CancellationToken cancellationToken) =>
        context.Orders.AsNoTracking()
            .Where(order => order.Sequence > after).OrderBy(order => order.Sequence).Take(limit).ToListAsync(cancellationToken);

    /// <summary>
    /// Stores the order; it is on disk when the task completes. Where another request was first with the same key, the
    /// unique index decides, also between processes, and the answer is the order that was stored.
    /// </summary>
    /// <returns>The stored order, and whether it is the one given.</returns>
    public async Task<(Order Order, bool Added)> AddAsync(Order order, CancellationToken cancellationToken)
    {
        await gate.EnterAsync(cancellationToken);
        try
        {
            // In the queue the answer is known without trying; between processes the index has the last word.
            if (gate.IsQueue && await FindByKeyAsync(order.IdempotencyKey, cancellationToken) is { } earlier) return (earlier, false);
            context.Orders.Add(order);
            await context.SaveChangesAsync(cancellationToken);
            return (order, true);
        }
        catch (DbUpdateException)
        {
            context.ChangeTracker.Clear();
            if (await FindByKeyAsync(order.IdempotencyKey, cancellationToken) is { } first) return (first, false);
            throw;
        }
        finally
        {
            gate.Leave();
        }
    }
}

/// <summary>
/// SQLite has one writer at a time, and a second one would wait by sleeping; here it waits in a queue. PostgreSQL needs
/// no such queue and passes.
/// </summary>
public sealed class WriteGate(bool oneAtATime) : IDisposable
{
    private readonly SemaphoreSlim? _gate = oneAtATime ? new(1) : null;

    internal bool IsQueue => _gate is not null;

    internal Task EnterAsync(CancellationToken cancellationToken) => _gate?.WaitAsync(cancellationToken) ?? Task.CompletedTask;

    internal void Leave() => _gate?.Release();

    /// <inheritdoc />
    public void Dispose() => _gate?.Dispose();
}
