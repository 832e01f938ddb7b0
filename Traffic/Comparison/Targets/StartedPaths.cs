using System.Collections.Concurrent;
using System.Net.Sockets;

namespace Topology.Comparison.Targets;

/// <summary>
/// Knows which paths have been started. A proxy that starts on demand has an address before it listens there; until then it
/// does not count as failing. Once it has listened, it counts as started, even if it stops.
/// </summary>
public sealed partial class StartedPaths(ILogger<StartedPaths> logger)
{
    private readonly ConcurrentDictionary<string, bool> _paths = new();

    /// <summary>Whether the path has been started. Each call tries to connect to its address until a call succeeds.</summary>
    public async ValueTask<bool> ContainsAsync(string path, Uri address, CancellationToken cancellationToken)
    {
        if (_paths.GetValueOrDefault(path)) return true;
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync(address.IdnHost, address.Port, cancellationToken);
        }
        catch (SocketException exception) when (exception.SocketErrorCode == SocketError.ConnectionRefused)
        {
            if (_paths.TryAdd(path, false)) LogNotStarted(path, address);
            return false;
        }
        catch (SocketException)
        {
            // Any other problem counts as started. The request that follows will report it.
        }

        if (_paths.TryUpdate(path, true, false)) LogStarted(path);
        _paths[path] = true;
        return true;
    }

    /// <summary>The paths to a service that have been started, in the order in which they are shown.</summary>
    public async Task<IReadOnlyList<string>> ListAsync(TargetMap targets, string service, bool tls, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(targets);
        var started = new List<string>();
        foreach (var path in targets.Paths)
        {
            if (targets.Find(path, service, tls) is [var first, ..] && await ContainsAsync(path, first, cancellationToken))
            {
                started.Add(path);
            }
        }

        return started;
    }

    [LoggerMessage(LogLevel.Information, "The path {Path} is left out until something listens at {Address}.")]
    private partial void LogNotStarted(string path, Uri address);

    [LoggerMessage(LogLevel.Information, "The path {Path} has been started.")]
    private partial void LogStarted(string path);
}
