using Microsoft.Extensions.Hosting;

namespace Topology.Hardening.Limits;

/// <summary>
/// Returns memory to the system after a load peak. The garbage collector runs on allocation, so an idle process would keep its peak memory.
/// </summary>
internal sealed class MemoryReturn(AnswerBacklog backlog, OpenStreams streams, TimeProvider time) : BackgroundService
{
    private const long RequestBytes = 64 * 1024; // An open request without its response.
    private const long Crowd = 16L << 20;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        for (var (most, before) = (0L, 0L); await timer.WaitForNextTickAsync(stoppingToken);)
        {
            var held = backlog.Bytes + (backlog.Count + streams.Count) * RequestBytes;
            most = Math.Max(most, held);
            if (most > Crowd && Math.Max(held, before) < most / 4)
            {
                GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
                most = held;
            }

            before = held;
        }
    }
}
