using Microsoft.EntityFrameworkCore;

namespace Topology.Orders.Storage;

/// <summary>Stores orders, at most one per idempotency key.</summary>
public sealed class OrderStore(OrdersContext context, WriteGate gate)
{
    /// <summary>The order with this id, or null.</summary>
    public Task<Order?> FindAsync(Guid id, CancellationToken cancellationToken) =>
        context.Orders.AsNoTracking().FirstOrDefaultAsync(order => order.Id == id, cancellationToken);

    /// <summary>The order with this idempotency key, or null.</summary>
    public Task<Order?> FindByKeyAsync(string key, CancellationToken cancellationToken) =>
        context.Orders.AsNoTracking().FirstOrDefaultAsync(order => order.IdempotencyKey == key, cancellationToken);

    /// <summary>Returns up to <paramref name="limit"/> orders after the cursor, oldest first.</summary>
    public Task<List<Order>> ListAsync(long after, int limit, CancellationToken cancellationToken) =>
        context.Orders.AsNoTracking()
            .Where(order => order.Sequence > after).OrderBy(order => order.Sequence).Take(limit).ToListAsync(cancellationToken);

    /// <summary>
    /// Stores the order; it is on disk when the task completes. If another request with the same key was first, also in another
    /// process, the unique index rejects this one and the existing order is returned.
    /// </summary>
    /// <returns>The stored order, and whether this call created it.</returns>
    public async Task<(Order Order, bool Added)> AddAsync(Order order, CancellationToken cancellationToken)
    {
        await gate.EnterAsync(cancellationToken);
        try
        {
            // Within this process, the queue makes this check reliable. Between processes, the index decides.
            if (gate.IsQueue && await FindByKeyAsync(order.IdempotencyKey, cancellationToken) is { } earlier) return (earlier, false);
            context.Orders.Add(order);
            await context.SaveChangesAsync(cancellationToken);
            return (order, true);
        }
        catch (DbUpdateException)
        {
            context.ChangeTracker.Clear();
            if (await FindByKeyAsync(order.IdempotencyKey, cancellationToken) is { } first)
            {
                // It is this one if the connection broke after the commit, and the insertion was repeated.
                return (first, first.Id == order.Id);
            }

            throw;
        }
        finally
        {
            gate.Leave();
        }
    }
}

/// <summary>
/// SQLite allows one writer at a time, and further writers poll. Here they wait in a queue instead. PostgreSQL does not need
/// the queue.
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
