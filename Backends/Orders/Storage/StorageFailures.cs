using System.Data.Common;
using Npgsql;

namespace Topology.Orders.Storage;

/// <summary>Which failures pass by themselves.</summary>
internal static class StorageFailures
{
    /// <summary>A server that is told to end, or that restarts after a crash of its own, says so.</summary>
    public static readonly string[] Shutdowns = [PostgresErrorCodes.AdminShutdown, PostgresErrorCodes.CrashShutdown];

    /// <summary>The database is away, starting, or out of connections. The same request may succeed later.</summary>
    public static bool IsAway(Exception? exception) => exception switch
    {
        null => false,
        DbException { IsTransient: true } => true,
        PostgresException { SqlState: var state } when Shutdowns.Contains(state) => true,
        _ => IsAway(exception.InnerException),
    };
}
