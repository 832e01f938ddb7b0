using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
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
        var isPostgres = connection is not null && connection.Contains("Host=", StringComparison.OrdinalIgnoreCase);
        builder.Services.AddSingleton(new WriteGate(oneAtATime: !isPostgres));
        builder.Services.AddScoped<OrderStore>();
        builder.Services.AddHealthChecks().AddCheck<StorageHealth>("storage");
        if (isPostgres)
        {
            _ = new NpgsqlConnectionStringBuilder(connection); // Invalid keys must prevent startup.
            builder.Services.AddDbContextPool<OrdersContext>(options => options.UseNpgsql(connection));
        }
        else
        {
            var file = new SqliteConnectionStringBuilder(connection ?? "");
            if (file.DataSource.Length == 0) file.DataSource = DefaultFile();
            CreateFolder(file.DataSource);
            builder.Services.AddDbContextPool<OrdersContext>(options => options.UseSqlite(file.ConnectionString));
        }
    }

    /// <summary>Creates the tables at the first start. SQLite then uses a write-ahead log and syncs on every commit.</summary>
    public static async Task CreateOrderStorageAsync(this IServiceProvider services)
    {
        await using var scope = services.CreateAsyncScope();
        var database = scope.ServiceProvider.GetRequiredService<OrdersContext>().Database;
        try
        {
            await database.EnsureCreatedAsync();
        }
        catch (SqliteException e) when (e.SqliteErrorCode is raw.SQLITE_READONLY or raw.SQLITE_CANTOPEN)
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

    private static InvalidOperationException CannotKeep(string file, Exception reason) => new(
        $"Orders cannot be kept in {file}: {reason.Message} Set ConnectionStrings:orders to \"Data Source=FILE\", "
        + "in a folder that this user may write to, or to PostgreSQL's connection string.",
        reason);

    private static string DefaultFile() => Path.Combine(
        Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify), "topology",
            "orders.db");
}
