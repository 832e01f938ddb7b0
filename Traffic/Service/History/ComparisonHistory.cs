using System.Globalization;
using System.Text.Json;
using Microsoft.Data.Sqlite;
using SQLitePCL;
using Topology.Comparison;

namespace Topology.Traffic.History;

/// <summary>A summary of a stored result.</summary>
/// <param name="Id">Its number.</param>
/// <param name="StartedAt">When it started.</param>
/// <param name="Workload">The workload.</param>
/// <param name="Paths">The paths, the baseline first.</param>
/// <param name="Valid">Whether its numbers are valid.</param>
public sealed record KeptComparison(long Id, DateTimeOffset StartedAt, string Workload, string Paths, bool Valid);

/// <summary>
/// Stores the latest results in a SQLite file, so that they survive a restart. <c>Traffic:History</c> names the file; the default
/// is in the user's application data.
/// </summary>
public sealed class ComparisonHistory
{
    /// <summary>The configuration key of the file.</summary>
    public const string FileKey = "Traffic:History";

    /// <summary>How many results are kept.</summary>
    public const int Kept = 200;

    private readonly string _connection;

    /// <summary>Creates the file if needed.</summary>
    /// <exception cref="InvalidOperationException">The file cannot be created; the message names the setting to change.</exception>
    public ComparisonHistory(IConfiguration configuration)
    {
        var file = Path.GetFullPath(configuration[FileKey] is { Length: > 0 } configured ? configured : DefaultFile());
        _connection = new SqliteConnectionStringBuilder { DataSource = file }.ConnectionString;
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            Create();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException
            or SqliteException { SqliteErrorCode: raw.SQLITE_READONLY or raw.SQLITE_CANTOPEN })
        {
            throw new InvalidOperationException(
                $"Comparisons cannot be stored in {file}: {e.Message} Set {FileKey} to a file in a folder that this user may write to.", e);
        }
    }

    /// <summary>Stores a result.</summary>
    /// <returns>Its number.</returns>
    public long Add(ComparisonResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        using var connection = Open();
        using var insert = connection.CreateCommand();
        insert.CommandText = """
            INSERT INTO comparisons (started_at, workload, paths, valid, result) VALUES ($startedAt, $workload, $paths, $valid, $result);
            DELETE FROM comparisons WHERE id <= last_insert_rowid() - $kept;
            SELECT max(id) FROM comparisons;
            """;
        insert.Parameters.AddWithValue("$startedAt", result.StartedAt.ToString("O", CultureInfo.InvariantCulture));
        insert.Parameters.AddWithValue("$workload", result.Workload);
        insert.Parameters.AddWithValue("$paths", string.Join(", ", result.Paths.Select(path => path.Path)));
        insert.Parameters.AddWithValue("$valid", result.Valid);
        insert.Parameters.AddWithValue("$result", JsonSerializer.Serialize(result, ComparisonJson.Options));
        insert.Parameters.AddWithValue("$kept", Kept);
        return (long)insert.ExecuteScalar()!;
    }

    /// <summary>The stored results, newest first.</summary>
    public IReadOnlyList<KeptComparison> List()
    {
        using var connection = Open();
        using var select = connection.CreateCommand();
        select.CommandText = "SELECT id, started_at, workload, paths, valid FROM comparisons ORDER BY id DESC";
        using var rows = select.ExecuteReader();
        var all = new List<KeptComparison>();
        while (rows.Read())
        {
            all.Add(new(
                rows.GetInt64(0), DateTimeOffset.Parse(rows.GetString(1), CultureInfo.InvariantCulture), rows.GetString(2),
                rows.GetString(3), rows.GetBoolean(4)));
        }

        return all;
    }

    /// <summary>The result of that number, or null.</summary>
    public ComparisonResult? Find(long id)
    {
        using var connection = Open();
        using var select = connection.CreateCommand();
        select.CommandText = "SELECT result FROM comparisons WHERE id = $id";
        select.Parameters.AddWithValue("$id", id);
        return select.ExecuteScalar() is string result ? JsonSerializer.Deserialize<ComparisonResult>(result, ComparisonJson.Options)
            : null;
    }

    private static string DefaultFile() => Path.Combine(
        Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify), "topology",
            "comparisons.db");

    private void Create()
    {
        using var connection = Open();
        using var create = connection.CreateCommand();
        create.CommandText = """
            PRAGMA journal_mode = wal;
            CREATE TABLE IF NOT EXISTS comparisons (
                id INTEGER PRIMARY KEY AUTOINCREMENT,
                started_at TEXT NOT NULL,
                workload TEXT NOT NULL,
                paths TEXT NOT NULL,
                valid INTEGER NOT NULL,
                result TEXT NOT NULL);
            """;
        create.ExecuteNonQuery();
    }

    private SqliteConnection Open()
    {
        var connection = new SqliteConnection(_connection);
        connection.Open();
        return connection;
    }
}
