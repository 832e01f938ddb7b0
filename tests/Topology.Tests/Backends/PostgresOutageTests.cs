using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Text.Json;
using Topology.Tests.Infrastructure;

namespace Topology.Tests.Backends;

/// <summary>What becomes of orders when their PostgreSQL server, or one of their replicas, ends.</summary>
public sealed class PostgresOutageTests(PostgresServer server) : IClassFixture<PostgresServer>
{
    /// <summary>Less than a client's patience, and than the limit for an order.</summary>
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(10);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task While_the_database_is_away_clients_are_told_when_to_repeat_and_health_says_so()
    {
        server.Require();
        await using var orders = new PostgresOrders(server.Connection("away"));
        var replica = orders.Start();
        using var before = await PostgresOrders.PostAsync(replica.Client(), "before");
        Assert.Equal(HttpStatusCode.Created, before.StatusCode);
        Assert.Equal(HttpStatusCode.OK, await HealthAsync(replica));

        await server.StopAsync();
        foreach (var ask in (Func<Task<HttpResponseMessage>>[])[
            () => PostgresOrders.PostAsync(replica.Client(), "during"), () => replica.Client().GetAsync("/orders", Cancelled)])
        {
            var watch = Stopwatch.StartNew();
            using var response = await ask();
            Assert.InRange(watch.Elapsed, TimeSpan.Zero, Bound);
            await IsUnavailableAsync(response);
        }

        Assert.Equal(HttpStatusCode.ServiceUnavailable, await HealthAsync(replica));

        // A replica that starts meanwhile waits for the database.
        var second = Task.Run(orders.Start, Cancelled);
        await server.StartAsync();
        await Eventually.TrueAsync(async () => await HealthAsync(replica) == HttpStatusCode.OK);
        using var after = await PostgresOrders.PostAsync(replica.Client(), "during");
        Assert.Equal(HttpStatusCode.Created, after.StatusCode);
        Assert.Equal(2, (await PostgresOrders.ListAsync((await second).Client())).Count);
    }

    [Fact]
    public async Task A_database_that_is_killed_during_posts_loses_and_doubles_nothing()
    {
        server.Require();
        await using var orders = new PostgresOrders(server.Connection("killed"));
        HttpClient[] clients = [orders.Start().Client("internal"), orders.Start().Client("internal")];
        var posts = new Posts(clients);
        await posts.UntilMoreAsync(40);
        await server.KillAsync();
        await Eventually.TrueAsync(() => posts.Refused > 0);
        await server.StartAsync();
        await posts.UntilMoreAsync(40);
        await CheckAsync(posts, clients[1]);
    }

    [Fact]
    public async Task A_replica_that_is_killed_during_posts_loses_and_doubles_nothing()
    {
        server.Require();
        await using var orders = new PostgresOrders(server.Connection("replica"));
        OrdersProcess[] replicas = [orders.Launch(), orders.Launch()];
        await Task.WhenAll(replicas.Select(replica => replica.HealthyAsync()));
        var posts = new Posts([.. replicas.Select(replica => replica.Client)]);
        await posts.UntilMoreAsync(40);
        await replicas[0].KillAsync();
        await Eventually.TrueAsync(() => posts.Broken > 0);
        await posts.UntilMoreAsync(40);
        await CheckAsync(posts, replicas[1].Client);
    }

    private static async Task CheckAsync(Posts posts, HttpClient client)
    {
        var acknowledged = await posts.EndAsync();
        var stored = await PostgresOrders.ListAsync(client);
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{acknowledged.Count} acknowledged, {stored.Count} stored, {posts.Refused} answers of 503, {posts.Broken} broken off");
        Assert.Distinct(stored);
        Assert.Equal(acknowledged.Values.Order(), stored.Order());
    }

    private static async Task<HttpStatusCode> HealthAsync(ServiceHost replica)
    {
        using var response = await replica.Client("internal").GetAsync("/health", Cancelled);
        return response.StatusCode;
    }

    private static async Task IsUnavailableAsync(HttpResponseMessage response)
    {
        Assert.True(response.StatusCode == HttpStatusCode.ServiceUnavailable, await response.Content.ReadAsStringAsync(Cancelled));
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        Assert.NotNull(response.Headers.RetryAfter);
    }

    /// <summary>Posts that never pause. What is not acknowledged is repeated with the same key at another replica, until it is.</summary>
    private sealed class Posts
    {
        private const int Workers = 4;
        private readonly ConcurrentDictionary<string, string> _acknowledged = [];
        private volatile bool _isEnding;
        private readonly Task _workers;
        private int _refused;
        private int _broken;

        public Posts(IReadOnlyList<HttpClient> clients) =>
            _workers = Task.WhenAll(Enumerable.Range(0, Workers).Select(worker => WorkAsync(worker, clients)));

        public int Refused => _refused;

        public int Broken => _broken;

        /// <summary>Waits for further acknowledgements.</summary>
        public async Task UntilMoreAsync(int count)
        {
            var goal = _acknowledged.Count + count;
            await Eventually.TrueAsync(() => _acknowledged.Count >= goal || _workers.IsFaulted, seconds: 60);
            if (_workers.IsFaulted) await _workers;
        }

        /// <summary>Lets every worker finish its order.</summary>
        /// <returns>The ids of the orders, by key.</returns>
        public async Task<IReadOnlyDictionary<string, string>> EndAsync()
        {
            _isEnding = true;
            await _workers.WaitAsync(TimeSpan.FromSeconds(30), Cancelled);
            return _acknowledged;
        }

        private async Task WorkAsync(int worker, IReadOnlyList<HttpClient> clients)
        {
            for (var order = 0; !_isEnding; order++)
            {
                var key = $"{worker}-{order}";
                for (var attempt = 0; !_acknowledged.ContainsKey(key); attempt++)
                {
                    try
                    {
                        using var response = await PostgresOrders.PostAsync(clients[(worker + order + attempt) % clients.Count], key);
                        if (response.IsSuccessStatusCode)
                        {
                            using var body = JsonDocument.Parse(await response.Content.ReadAsStringAsync(Cancelled));
                            _acknowledged[key] = body.RootElement.GetProperty("id").GetString()!;
                            continue;
                        }

                        await IsUnavailableAsync(response);
                        Interlocked.Increment(ref _refused);
                    }
                    catch (HttpRequestException)
                    {
                        Interlocked.Increment(ref _broken);
                    }

                    await Task.Delay(50, Cancelled);
                }
            }
        }
    }
}
