using System.Data.Common;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Topology.Orders.Storage;
using Topology.Tests.Infrastructure;

namespace Topology.Tests.Backends;

/// <summary>Orders on a real PostgreSQL server. Each test has a database of its own.</summary>
public sealed class PostgresTests(PostgresServer server) : IClassFixture<PostgresServer>
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Migrations_make_the_tables_and_prices_stay_exact()
    {
        server.Require();
        await using var orders = new PostgresOrders(server.Connection("exact"));
        var replica = orders.Start();
        decimal[] prices = [0.10m, 19.99m, 79228162514264337593543950335m, 0.0000000000000000000000000001m, 1.50m];
        await using (var scope = replica.Services.CreateAsyncScope())
        {
            var context = scope.ServiceProvider.GetRequiredService<OrdersContext>();
            Assert.False(context.Database.HasPendingModelChanges(), "The model has changed; add a migration (see CONTRIBUTING.md).");
            Assert.Equal(context.Database.GetMigrations(), await context.Database.GetAppliedMigrationsAsync(Cancelled));
            await scope.ServiceProvider.GetRequiredService<OrderStore>().AddAsync(Order("exact", prices), Cancelled);
        }

        await using (var scope = replica.Services.CreateAsyncScope())
        {
            var order = await scope.ServiceProvider.GetRequiredService<OrderStore>().FindByKeyAsync("exact", Cancelled);
            // As text, which shows the digits behind the point too.
            Assert.Equal(
                prices.Select(price => price.ToString(System.Globalization.CultureInfo.InvariantCulture)),
                order!.Lines.Select(line => line.UnitPrice.ToString(System.Globalization.CultureInfo.InvariantCulture)));
        }

        using var created = await PostgresOrders.PostAsync(replica.Client(), "a", quantity: 3);
        Assert.Equal(HttpStatusCode.Created, created.StatusCode);
        var first = await created.Content.ReadAsStringAsync(Cancelled);
        using var repeated = await PostgresOrders.PostAsync(replica.Client(), "a", quantity: 3);
        Assert.Equal((HttpStatusCode.OK, first), (repeated.StatusCode, await repeated.Content.ReadAsStringAsync(Cancelled)));
        Assert.Equal(first, await replica.Client().GetStringAsync(created.Headers.Location, Cancelled));
    }

    [Fact]
    public async Task A_database_from_before_there_were_migrations_keeps_its_orders()
    {
        server.Require();
        var connection = server.Connection("earlier");
        var earlier = Order("earlier", 1.25m);
        await using (var context = Context(connection))
        {
            await context.Database.EnsureCreatedAsync(Cancelled);
            context.Orders.Add(earlier);
            await context.SaveChangesAsync(Cancelled);
        }

        await using var orders = new PostgresOrders(connection);
        var client = orders.Start().Client();
        using var posted = await PostgresOrders.PostAsync(client, "later");
        Assert.Equal(HttpStatusCode.Created, posted.StatusCode);
        var ids = await PostgresOrders.ListAsync(client);
        Assert.Equal((2, $"{earlier.Id}"), (ids.Count, ids[0]));
    }

    [Fact]
    public async Task Replicas_that_start_together_make_the_database_once_and_a_key_one_order()
    {
        server.Require();
        await using var orders = new PostgresOrders(server.Connection("together"));
        var replicas = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => Task.Run(orders.Start)));
        var clients = replicas.Select(replica => replica.Client()).ToList();
        for (var key = 0; key < 5; key++)
        {
            var answers = await Task.WhenAll(Enumerable.Range(0, 12).Select(async number =>
            {
                using var response = await PostgresOrders.PostAsync(clients[number % clients.Count], $"{key}");
                return (response.StatusCode, Body: await response.Content.ReadAsStringAsync(Cancelled));
            }));
            Assert.Single(answers.Select(answer => answer.Body).Distinct());
            Assert.Single(answers, answer => answer.StatusCode == HttpStatusCode.Created);
        }

        Assert.Equal(5, (await PostgresOrders.ListAsync(clients[0])).Count);
    }

    [Fact]
    public async Task An_insertion_whose_acknowledgement_was_lost_is_not_repeated_as_another_order()
    {
        server.Require();
        var connection = server.Connection("lost");
        var lost = new LostAcknowledgement();
        await using var context = Context(connection, lost);
        await PostgresStorage.MigrateAsync(context.Database);
        using var gate = new WriteGate(oneAtATime: false);
        var order = Order("lost", 2m);
        var (stored, added) = await new OrderStore(context, gate).AddAsync(order, Cancelled);
        Assert.Equal((1, order.Id, true), (lost.Count, stored.Id, added));
        Assert.Equal(1, await context.Orders.CountAsync(Cancelled));
    }

    [Fact]
    public async Task A_server_that_does_not_let_orders_in_stops_the_start_and_the_setting_is_named()
    {
        server.Require();
        await using var orders = new PostgresOrders(server.Connection("refused") + "0");
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => Task.Run(orders.Start, Cancelled));
        Assert.Contains("password authentication failed", error.Message, StringComparison.Ordinal);
        Assert.Contains("Set ConnectionStrings:orders to", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Host=localhost", SslMode.Prefer)]
    [InlineData("Host=127.0.0.1", SslMode.Prefer)]
    [InlineData("Host=db.example", SslMode.VerifyFull)]
    [InlineData("Host=db.example;SSL Mode=Disable", SslMode.Disable)]
    public void A_server_elsewhere_must_prove_who_it_is_and_none_gets_long_to_answer(string given, SslMode expected)
    {
        var complete = new NpgsqlConnectionStringBuilder(PostgresStorage.Complete(given));
        Assert.Equal((3, 4, expected), (complete.Timeout, complete.CommandTimeout, complete.SslMode));
        Assert.Equal(GssEncryptionMode.Disable, complete.GssEncryptionMode);
    }

    [Theory]
    [InlineData("Timeout", 9)]
    [InlineData("Command Timeout", 60)]
    public void What_the_connection_string_says_wins(string key, int value) =>
        Assert.Equal(value, new NpgsqlConnectionStringBuilder(PostgresStorage.Complete($"Host=db.example;{key}={value}"))[key]);

    [Theory]
    [InlineData("postgres://orders:hunter2@db.example/orders")]
    [InlineData("Host=db.example;Pass=hunter2")]
    public void A_connection_string_that_cannot_be_read_is_named_and_not_shown(string connection)
    {
        var error = Assert.Throws<InvalidOperationException>(
            () => ServiceHost.Start<OrderStore>(("ConnectionStrings:orders", connection)));
        Assert.StartsWith("ConnectionStrings:orders cannot be read; give \"Host=", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", error.ToString(), StringComparison.Ordinal);
    }

    private static OrdersContext Context(string connection, params IInterceptor[] interceptors)
    {
        var options = new DbContextOptionsBuilder<OrdersContext>();
        PostgresStorage.Use(options, PostgresStorage.Complete(connection));
        return new(options.AddInterceptors(interceptors).Options);
    }

    private static Order Order(string key, params decimal[] prices) => new()
    {
        Id = Guid.NewGuid(),
        IdempotencyKey = key,
        Fingerprint = [1, 2, 3],
        CreatedAt = DateTimeOffset.UtcNow,
        Lines = [.. prices.Select((price, index) => new OrderLine { ItemId = index + 1, Quantity = 1, UnitPrice = price })],
    };

    /// <summary>The first insertion reaches the database, and its answer does not come back.</summary>
    private sealed class LostAcknowledgement : DbCommandInterceptor
    {
        public int Count { get; private set; }

        public override async ValueTask<DbDataReader> ReaderExecutedAsync(
            DbCommand command, CommandExecutedEventData eventData, DbDataReader result, CancellationToken cancellationToken = default)
        {
            if (Count > 0 || !command.CommandText.StartsWith("INSERT INTO \"Orders\"", StringComparison.Ordinal)) return result;
            Count++;
            await result.DisposeAsync();
            throw new NpgsqlException("Lost.", new IOException("The connection broke."));
        }
    }
}
