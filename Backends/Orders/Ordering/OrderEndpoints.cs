using System.Buffers.Binary;
using System.ComponentModel.DataAnnotations;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Topology.Hardening.Limits;
using Topology.Orders.Pricing;
using Topology.Orders.Storage;
using Topology.ServiceDefaults.Paths;

namespace Topology.Orders.Ordering;

internal static class OrderEndpoints
{
    private const string KeyHeader = "Idempotency-Key";
    private const int LongestKey = 255;
    private const string RetryAfterSeconds = "2";

    public static void MapOrders(this IEndpointRouteBuilder endpoints)
    {
        var orders = endpoints.MapGroup("/orders").WithWorkload("orders").WithLimits(
            new() { BodyBytes = 64 * 1024, Timeout = TimeSpan.FromSeconds(15) }).AddEndpointFilter(SayWhenToRepeat);
        orders.MapPost("/", Place);
        orders.MapMethods("/{id:guid}", [HttpMethods.Get, HttpMethods.Head], Get);
        orders.MapMethods("/", [HttpMethods.Get, HttpMethods.Head], List);
    }

    /// <summary>
    /// 201 for a new order; 200 for a repeated request; 422 if the key was used for a different request
    /// (draft-ietf-httpapi-idempotency-key-header) or an item does not exist; 503 while prices or the database are unavailable.
    /// </summary>
    private static async Task<Results<Created<OrderResponse>, Ok<OrderResponse>, ValidationProblem, ProblemHttpResult>> Place(
        OrderRequest request, [FromHeader(Name = KeyHeader)] string? key,
        OrderStore store, CatalogPrices catalog, TimeProvider time, CancellationToken cancellationToken)
    {
        if (key is not { Length: > 0 and <= LongestKey } || key.Any(char.IsControl))
        {
            return Invalid(KeyHeader, $"Send a unique key of 1 to {LongestKey} characters. Use the same key to repeat the request.");
        }

        // Validation checks the properties of lines but allows null lines.
        if (request.Lines.Index().FirstOrDefault(line => line.Item is null, (Index: -1, Item: null!)) is { Index: >= 0 and var missing })
        {
            return Invalid($"lines[{missing}]", "Give each line an itemId and a quantity.");
        }

        var fingerprint = Fingerprint(request);
        if (await store.FindByKeyAsync(key, cancellationToken) is { } earlier) return Replay(earlier, fingerprint);

        var prices = await catalog.GetAsync(request.Lines.Select(line => line.ItemId), cancellationToken);
        if (request.Lines.Index().FirstOrDefault(line => prices[line.Item.ItemId] is null) is { Item: { } unknown, Index: var index })
        {
            return Unprocessable($"lines[{index}].itemId", $"The catalog has no item {unknown.ItemId}.");
        }

        var (order, added) = await store.AddAsync(
            new()
            {
                Id = Guid.CreateVersion7(),
                IdempotencyKey = key,
                Fingerprint = fingerprint,
                CreatedAt = Microseconds(time.GetUtcNow()),
                Lines = [
                    .. request.Lines
                    .Select(line =>
                    new OrderLine { ItemId = line.ItemId, Quantity = line.Quantity, UnitPrice = prices[line.ItemId]!.Value })],
            },
            cancellationToken);
        return added ? TypedResults.Created($"/orders/{order.Id}", OrderResponse.From(order)) : Replay(order, fingerprint);
    }

    /// <summary>Nothing was accepted that the client was not told of, and the same key makes a repeat safe.</summary>
    private static async ValueTask<object?> SayWhenToRepeat(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        try
        {
            return await next(context);
        }
        catch (Exception exception) when (exception is CatalogUnavailableException || StorageFailures.IsAway(exception))
        {
            context.HttpContext.Response.Headers.RetryAfter = RetryAfterSeconds;
            return TypedResults.Problem(
                exception is CatalogUnavailableException ? exception.Message : "The database of the orders does not respond.",
                statusCode: StatusCodes.Status503ServiceUnavailable);
        }
    }

    /// <summary>PostgreSQL keeps no more, and a repeated request gets the same answer.</summary>
    private static DateTimeOffset Microseconds(DateTimeOffset time) => time.AddTicks(-(time.Ticks % TimeSpan.TicksPerMicrosecond));

    private static async Task<Results<Ok<OrderResponse>,
        ProblemHttpResult>> Get(Guid id, OrderStore store, CancellationToken cancellationToken) =>
        await store.FindAsync(id, cancellationToken) is { } order
            ? TypedResults.Ok(OrderResponse.From(order))
            : TypedResults.Problem($"There is no order {id}.", statusCode: StatusCodes.Status404NotFound);

    private static async Task<OrderPage> List(
        OrderStore store, CancellationToken cancellationToken, [Range(0, long.MaxValue)] long after = 0, [Range(1, 500)] int limit = 100)
    {
        var orders = await store.ListAsync(after, limit + 1, cancellationToken);
        var page = orders.Take(limit).Select(OrderResponse.From).ToList();
        return new(page, orders.Count > limit ? page[^1].Sequence : null);
    }

    private static Results<Created<OrderResponse>, Ok<OrderResponse>, ValidationProblem,
        ProblemHttpResult> Replay(Order order, byte[] fingerprint) =>
        order.Fingerprint.AsSpan().SequenceEqual(fingerprint)
            ? TypedResults.Ok(OrderResponse.From(order))
            : Unprocessable(KeyHeader, $"This key was used for another order ({order.Id}); use a new key for a new order.");

    private static ValidationProblem Invalid(string field, string message) =>
        TypedResults.ValidationProblem(new Dictionary<string, string[]> { [field] = [message] });

    private static ProblemHttpResult Unprocessable(string field, string message) => TypedResults.Problem(
        new HttpValidationProblemDetails(new Dictionary<string, string[]> { [field] = [message] })
        {
            Status = StatusCodes.Status422UnprocessableEntity,
            Title = "The order cannot be accepted.",
        });

    private static byte[] Fingerprint(OrderRequest request)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> line = stackalloc byte[2 * sizeof(int)];
        foreach (var (itemId, quantity) in request.Lines)
        {
            BinaryPrimitives.WriteInt32LittleEndian(line, itemId);
            BinaryPrimitives.WriteInt32LittleEndian(line[sizeof(int)..], quantity);
            hash.AppendData(line);
        }

        return hash.GetHashAndReset();
    }
}
