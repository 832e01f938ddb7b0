using System.Net;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Npgsql;
using Polly;
using Polly.Retry;

namespace Topology.Orders.Storage;

/// <summary>Orders in a PostgreSQL database, which several replicas of this service may share.</summary>
internal static class PostgresStorage
{
    // Three attempts to reach a server that does not answer take less than the 15 s limit for an order, so the client still gets 503.
    // Kerberos is not tried: its library is not in the images, and .NET and servers would complain at every connection.
    // What the connection string says wins.
    private const string Defaults = "Timeout=3;Command Timeout=4;GSS Encryption Mode=Disable;";
    private const int Retries = 2;
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(1);

    // A replica that waits for another one's migration, or a migration of many orders.
    private static readonly TimeSpan MigrationTime = TimeSpan.FromMinutes(5);

    /// <summary>A database that starts together with this service gets half a minute.</summary>
    private static readonly ResiliencePipeline Start = new ResiliencePipelineBuilder()
        .AddRetry(new RetryStrategyOptions
        {
            MaxRetryAttempts = 10,
            Delay = TimeSpan.FromSeconds(1),
            ShouldHandle = new PredicateBuilder().Handle<Exception>(e => StorageFailures.IsAway(e) || WasMadeByAnother(e)),
        })
        .Build();

    public static bool IsNamedBy(string? connection) =>
        connection is not null && connection.Contains("Host=", StringComparison.OrdinalIgnoreCase);

    /// <summary>
    /// Uses the database. Repeats what failed because the server was away; for a new order that is safe, because no two orders
    /// have the same key.
    /// </summary>
    /// <param name="options">The context's options.</param>
    /// <param name="connection">From <see cref="Complete"/>.</param>
    public static void Use(DbContextOptionsBuilder options, string connection) =>
        options.UseNpgsql(connection, npgsql => npgsql.EnableRetryOnFailure(Retries, LongestDelay, StorageFailures.Shutdowns));

    /// <summary>Adds defaults. Over a network, the server must prove who it is.</summary>
    /// <exception cref="ArgumentException">The connection string has an unknown key or an invalid value.</exception>
    public static string Complete(string connection)
    {
        var host = new NpgsqlConnectionStringBuilder(connection).Host ?? "";
        var isLocal = host is "localhost" || host.StartsWith('/')
            || (IPAddress.TryParse(host, out var address) && IPAddress.IsLoopback(address));
        return $"{Defaults}{(isLocal ? "" : "SSL Mode=VerifyFull;")}{connection}";
    }

    /// <summary>Brings the tables to this version. Replicas that start together take turns: the migration locks its history.</summary>
    public static async Task MigrateAsync(DatabaseFacade database)
    {
        database.SetCommandTimeout(MigrationTime);
        await Start.ExecuteAsync(async cancellationToken => await database.MigrateAsync(cancellationToken));
    }

    /// <summary>There is nothing to lock before the database and its history exist, so two replicas may both try to make them.</summary>
    private static bool WasMadeByAnother(Exception e) => e is PostgresException
    {
        SqlState: PostgresErrorCodes.DuplicateDatabase or PostgresErrorCodes.UniqueViolation or PostgresErrorCodes.DuplicateTable,
    };
}
