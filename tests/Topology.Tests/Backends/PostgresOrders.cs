using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Topology.Catalog.Items;
using Topology.Orders.Storage;
using Topology.Tests.Infrastructure;

namespace Topology.Tests.Backends;

/// <summary>Replicas of orders on one database, with the catalog that they ask.</summary>
internal sealed class PostgresOrders(string connection) : IAsyncDisposable
{
    private readonly ServiceHost _catalog = ServiceHost.Start<ItemStore>();
    private readonly ConcurrentBag<IAsyncDisposable> _replicas = [];

    /// <summary>Starts a replica in this process.</summary>
    public ServiceHost Start()
    {
        var replica = ServiceHost.Start<OrderStore>(
            [("ConnectionStrings:orders", connection), .. ServiceHost.Discovery("catalog", _catalog)]);
        _replicas.Add(replica);
        return replica;
    }

    /// <summary>Starts a replica in a process of its own, and does not wait for it.</summary>
    public OrdersProcess Launch()
    {
        var replica = new OrdersProcess(connection, _catalog.Url("internal-h2"));
        _replicas.Add(replica);
        return replica;
    }

    /// <summary>Posts an order.</summary>
    public static async Task<HttpResponseMessage> PostAsync(HttpClient client, string key, int quantity = 1)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/orders")
        {
            Headers = { { "Idempotency-Key", key } },
            Content = JsonContent.Create(new { lines = new[] { new { itemId = 1, quantity } } }),
        };
        return await client.SendAsync(request, TestContext.Current.CancellationToken);
    }

    /// <summary>The ids of all orders, page by page.</summary>
    public static async Task<IReadOnlyList<string>> ListAsync(HttpClient client)
    {
        var ids = new List<string>();
        for (long? after = 0; after is not null;)
        {
            var page = await client.GetFromJsonAsync<JsonElement>(
                $"/orders?limit=500&after={after}", TestContext.Current.CancellationToken);
            ids.AddRange(page.GetProperty("orders").EnumerateArray().Select(order => order.GetProperty("id").GetString()!));
            after = page.GetProperty("next") is { ValueKind: JsonValueKind.Number } next ? next.GetInt64() : null;
        }

        return ids;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var replica in _replicas) await replica.DisposeAsync();
        await _catalog.DisposeAsync();
        Npgsql.NpgsqlConnection.ClearAllPools();
    }
}

/// <summary>A replica of orders in a process of its own.</summary>
internal sealed class OrdersProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly Task<string[]> _output;

    public OrdersProcess(string connection, Uri catalog)
    {
        // No listener may stay on its default port.
        var (port, unused) = (FreePorts.Take(), FreePorts.Take());
        _process = Programs.Start(
            "Orders", [], ("ConnectionStrings__orders", connection), ("Catalog__Address", "http://_internal-h2.catalog"),
            ("services__catalog__internal-h2__0", catalog.GetLeftPart(UriPartial.Authority)), ("Topology__Listeners__internal", $"{port}"),
            ("Topology__Listeners__http", $"{unused}"), ("ASPNETCORE_ENVIRONMENT", "Development"));
        _output = Task.WhenAll(_process.StandardOutput.ReadToEndAsync(), _process.StandardError.ReadToEndAsync());
        Client = new(ServiceHost.Handler()) { BaseAddress = new($"http://localhost:{port}") };
    }

    public HttpClient Client { get; }

    public Task HealthyAsync() => Eventually.TrueAsync(
        async () =>
        {
            if (_process.HasExited) Assert.Fail(string.Concat(await _output));
            try
            {
                using var response = await Client.GetAsync("/health", TestContext.Current.CancellationToken);
                return response.StatusCode == HttpStatusCode.OK;
            }
            catch (HttpRequestException)
            {
                return false;
            }
        },
        seconds: 60);

    public Task KillAsync() => Programs.SignalAsync("KILL", _process.Id);

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        Client.Dispose();
    }
}
