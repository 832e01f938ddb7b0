using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using Polly;
using Topology.ServiceDefaults.Paths;

namespace Topology.Orders.Pricing;

/// <summary>Prices from the catalog, found through service discovery.</summary>
public sealed class CatalogPrices(HttpClient client)
{
    private const int ConcurrentCalls = 8;

    // Less than the 15 s that an order may take, so that a catalog which hangs is told of; more than one attempt (10 s), so that
    // another replica is asked before.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(13);

    /// <summary>The price of each item, null for those the catalog does not have.</summary>
    /// <exception cref="CatalogUnavailableException">The catalog did not answer, after the retries of the resilience handler, or not as it
    /// should.</exception>
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

/// <summary>The catalog did not answer, so nothing could be priced.</summary>
public sealed class CatalogUnavailableException(Exception cause)
    : Exception("The catalog did not answer, so the order could not be priced.", cause);

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
                // Cleartext HTTP/2 has no negotiation: the client must know.
                client.DefaultRequestVersion = HttpVersion.Version20;
                client.DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact;
            }
        }).AddHttpMessageHandler<PathPropagationHandler>();
    }
}
