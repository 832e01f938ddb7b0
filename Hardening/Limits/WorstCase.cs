using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Topology.Hardening.Listeners;

namespace Topology.Hardening.Limits;

/// <summary>At startup, logs how much memory all clients together can occupy. Warns if the machine or container has less.</summary>
internal sealed partial class WorstCase(IOptions<PublicLimits> limits, IConfiguration configuration, ILogger<WorstCase> logger)
    : IHostedService
{
    // Measured: an idle connection with TLS, and an idle stream at an edge.
    private const long ConnectionBytes = 50 * 1024;
    private const long StreamBytes = 50 * 1024;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        var listeners = ListenerConfiguration.Read(configuration).Count(entry => entry.Listener.IsPublic);
        if (listeners == 0) return Task.CompletedTask;

        var bytes = Of(limits.Value, listeners);
        var available = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        LogWorstCase(bytes.Sum >> 20, bytes.Connections >> 20, bytes.Streams >> 20, bytes.Answers >> 20, bytes.Bodies >> 20);
        if (bytes.Sum > available) LogTooLittle(available >> 20);
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>
    /// The most memory that clients can make this process hold, in bytes. A budget limits waiting responses. Flow-control windows limit
    /// unread request bodies. Those wait only while an upstream hangs, because every service reads bodies as they arrive.
    /// </summary>
    public static (long Sum, long Connections, long Streams, long Answers, long Bodies) Of(PublicLimits limits, int listeners)
    {
        var requests = (long)limits.ConcurrentRequests + limits.QueuedRequests + limits.Streams;
        var connections = (long)limits.Connections * listeners * ConnectionBytes;
        var streams = requests * StreamBytes;
        var bodies = requests * limits.Http2StreamWindow;
        return (connections + streams + limits.WaitingBytes + bodies, connections, streams, limits.WaitingBytes, bodies);
    }

    [LoggerMessage(LogLevel.Information,
        "Clients can make this process hold {Sum} MiB at most: {Connections} MiB for connections, {Streams} MiB for requests and streams, "
            + "{Answers} MiB for responses that they do not read, {Bodies} MiB for bodies while an upstream hangs.")]
    private partial void LogWorstCase(long sum, long connections, long streams, long answers, long bodies);

    [LoggerMessage(LogLevel.Warning,
        "That is more than the available {Available} MiB. Lower Topology:Limits:Connections, :Streams, :ConcurrentRequests, :WaitingBytes "
            + "or :Http2StreamWindow.")]
    private partial void LogTooLittle(long available);
}
