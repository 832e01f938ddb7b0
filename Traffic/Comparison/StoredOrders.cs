using System.Net.Http.Json;
using System.Text.Json;
using Topology.Comparison.Targets;

namespace Topology.Comparison;

/// <summary>Reads orders back from the store.</summary>
internal static class StoredOrders
{
    private const int PageSize = 500;

    /// <summary>Counts the given orders that the store lists. An order that is listed twice counts twice.</summary>
    public static long Count(Uri address, IReadOnlyCollection<Guid> orders, PublicTrust trust)
    {
        if (orders.Count == 0) return 0;
        using var client = new HttpClient(
            new SocketsHttpHandler { SslOptions = trust.OptionsFor(address), ActivityHeadersPropagator = null })
        { BaseAddress = address };
        var wanted = orders.ToHashSet();
        // List from the first order on. It has the lowest sequence number: numbers follow the order of acceptance, and this order was
        // acknowledged before the others were sent.
        long? after = Get<Order>(client, $"/orders/{orders.First()}").Sequence - 1;
        var found = 0L;
        while (after is not null)
        {
            var page = Get<OrderPage>(client, $"/orders?after={after}&limit={PageSize}");
            found += page.Orders.Count(order => wanted.Contains(order.Id));
            after = page.Next;
        }

        return found;
    }

    private static T Get<T>(HttpClient client, string path) =>
        client.GetFromJsonAsync<T>(path).GetAwaiter().GetResult() ?? throw new JsonException($"The response to {path} is null.");

    private sealed record Order(Guid Id, long Sequence);

    private sealed record OrderPage(IReadOnlyList<Order> Orders, long? Next);
}
