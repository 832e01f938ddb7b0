using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using Npgsql;
using SQLitePCL;

namespace Topology.Orders.Storage;

internal static class StorageExtensions
{
    /// <summary>
    /// Uses PostgreSQL if the connection string <c>orders</c> names a host. Otherwise uses the SQLite file that the connection
    /// string names. The default is a SQLite file in the user's application data.
    /// </summary>
    public static void AddOrderStorage(this IHostApplicationBuilder builder)
    {
        var connection = builder.Configuration.GetConnectionString("orders");
        var isPostgres = PostgresStorage.IsNamedBy(connection);
        builder.Services.AddSingleton(new WriteGate(oneAtATime: !isPostgres));
        builder.Services.AddScoped<OrderStore>();
        builder.Services.AddHealthChecks().AddCheck<StorageHealth>("storage");
        if (isPostgres)
        {
            var complete = Read(() => PostgresStorage.Complete(connection!));
            builder.Services.AddDbContextPool<OrdersContext>(options => PostgresStorage.Use(options, complete));
        }
        else
        {
            var file = Read(() => new SqliteConnectionStringBuilder(connection ?? ""));
            if (file.DataSource.Length == 0) file.DataSource = DefaultFile();
            CreateFolder(file.DataSource);
            builder.Services.AddDbContextPool<OrdersContext>(options => options.UseSqlite(file.ConnectionString));
        }
    }

    /// <summary>The message shows no part of the connection string, because it may hold a password.</summary>
    private static T Read<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (ArgumentException)
        {
            throw new InvalidOperationException(
                "ConnectionStrings:orders cannot be read; give \"Host=SERVER;Database=orders;Username=USER;Password=PASSWORD\" or "
                + "\"Data Source=FILE\".");
        }
    }

    /// <summary>
    /// Creates or updates the tables in PostgreSQL. Creates SQLite's at the first start; SQLite then uses a write-ahead log and
    /// syncs on every commit. SQLite has no migrations: Entity Framework writes them for one kind of database, and a file of one
    /// machine is not worth a second set.
    /// </summary>
    public static async Task PrepareOrderStorageAsync(this IServiceProvider services)
    {
        await using var scope = services.CreateAsyncScope();
        var database = scope.ServiceProvider.GetRequiredService<OrdersContext>().Database;
        try
        {
            if (database.IsNpgsql()) await PostgresStorage.MigrateAsync(database);
            else await database.EnsureCreatedAsync();
        }
        catch (Exception e) when (e is SqliteException { SqliteErrorCode: raw.SQLITE_READONLY or raw.SQLITE_CANTOPEN }
            or NpgsqlException or RetryLimitExceededException)
        {
            throw CannotKeep(database.GetDbConnection().DataSource, e);
        }
    }

    private static void CreateFolder(string file)
    {
        try
        {
            if (Path.GetDirectoryName(Path.GetFullPath(file)) is { } folder) Directory.CreateDirectory(folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw CannotKeep(file, e);
        }
    }

    private static InvalidOperationException CannotKeep(string place, Exception reason) => new(
        $"Orders cannot be kept in {place}: {reason.GetBaseException().Message.TrimEnd('.')}. "
        + "Set ConnectionStrings:orders to \"Data Source=FILE\", in a folder that this user may write to, "
        + "or to PostgreSQL's connection string.",
        reason);

    private static string DefaultFile() => Path.Combine(
        Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify), "topology",
            "orders.db");
}
