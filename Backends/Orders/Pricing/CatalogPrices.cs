using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using Polly;
using Topology.ServiceDefaults.Paths;

namespace Topology.Orders.Pricing;

/// <summary>Prices from the catalog, which service discovery finds.</summary>
public sealed class CatalogPrices(HttpClient client)
{
    private const int ConcurrentCalls = 8;

    // Shorter than the 15 s limit for an order, so that a hanging catalog can still be reported. Longer than one attempt (10
    // s), so that another replica is tried first.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(13);

    /// <summary>Returns each item's price, or null for items that the catalog does not have.</summary>
    /// <exception cref="CatalogUnavailableException">The catalog sent no valid response, even after the resilience handler's
    /// retries.</exception>
    public async Task<IReadOnlyDictionary<int, decimal?>> GetAsync(IEnumerable<int> itemIds, CancellationToken cancellationToken)
    {
        var prices = new ConcurrentDictionary<int, decimal?>();
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Patience);
        try
        {
            await Parallel.ForEachAsync(
                itemIds.Distinct(),
                new ParallelOptions { MaxDegreeOfParallelism = ConcurrentCalls, CancellationToken = patience.Token },
                async (id, cancelled) => prices[id] = await GetAsync(id, cancelled));
        }
        catch (Exception exception) when (exception is HttpRequestException or ExecutionRejectedException or JsonException
            || (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            throw new CatalogUnavailableException(exception);
        }

        return prices;
    }

    private async ValueTask<decimal?> GetAsync(int itemId, CancellationToken cancellationToken)
    {
        using var response = await client.GetAsync($"/catalog/items/{itemId}", cancellationToken);
        if (response.StatusCode == HttpStatusCode.NotFound) return null;
        response.EnsureSuccessStatusCode();
        return (await response.Content.ReadFromJsonAsync<PricedItem>(cancellationToken))?.Price;
    }

    private sealed record PricedItem(decimal Price);
}

/// <summary>The catalog sent no valid response, so the order has no prices.</summary>
public sealed class CatalogUnavailableException(Exception cause)
    : Exception("The catalog did not respond, so the order cannot be priced.", cause);

internal static class CatalogPricesExtensions
{
    public static void AddCatalogPrices(this IHostApplicationBuilder builder)
    {
        var address = builder.Configuration["Catalog:Address"]
            ?? throw new InvalidOperationException("Set Catalog:Address to the catalog's address.");
        builder.Services.AddHttpContextAccessor();
        builder.Services.AddTransient<PathPropagationHandler>();
        builder.Services.AddHttpClient<CatalogPrices>(client =>
        {
            client.BaseAddress = new(address);
            if (address.Contains("_internal-h2.", StringComparison.Ordinal))
            {
                // Cleartext HTTP/2 has no negotiation, so the client must know the version.
                client.DefaultRequestVersion = HttpVersion.Version20;
                client.DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact;
            }
        }).AddHttpMessageHandler<PathPropagationHandler>();
    }
}
