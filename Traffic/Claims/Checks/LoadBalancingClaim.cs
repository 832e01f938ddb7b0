using System.Collections.Concurrent;
using System.Diagnostics;
using Topology.Traffic.Claims.Lab;

namespace Topology.Traffic.Claims.Checks;

/// <summary>The edge spreads requests over replicas, without one that has gone and with one that has come back.</summary>
public sealed class LoadBalancingClaim : Claim
{
    private const int Requests = 1000;
    private const double SmallestShare = 0.4;
    private const int Clients = 4;
    private static readonly TimeSpan LongestAbsence = TimeSpan.FromSeconds(40);
    private static readonly TimeSpan Settled = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <inheritdoc />
    public override string Id => "load-balancing";

    /// <inheritdoc />
    public override string Sentence => "A reverse proxy makes load balancing simple: clients know one address, and replicas come and go behind it.";

    /// <inheritdoc />
    public override string Done =>
        $"Sent {Requests} requests to the edge and counted who answered (each replica at least {SmallestShare:P0}); killed the process of one replica under {Clients} clients that send on (none may see it go), waited until it was started again and took part for {Settled.TotalSeconds:0} s, and counted anew.";

    /// <inheritdoc />
    public override async Task CheckAsync(ClaimLab lab, Evidence evidence, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(lab);
        ArgumentNullException.ThrowIfNull(evidence);
        var replicas = lab.Backends.Where(backend => backend.Service() == "catalog").Select(backend => backend.Name).ToArray();
        // Where the spread is wrong, there is nothing to learn from a replica that leaves, and it may stay.
        if (!await ExpectEvenAsync(lab, evidence, "", replicas, cancellationToken)) return;

        var victim = replicas[^1];
        if (lab.PidNow(victim) is not { } pid)
        {
            evidence.Expect(false, $"the process of {victim} is not known here, so it cannot be made to leave");
            return;
        }

        var seen = new ConcurrentQueue<(TimeSpan At, string? Instance, string? Error)>();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var clock = Stopwatch.StartNew();
        var clients = Enumerable.Range(0, Clients).Select(_ => SendOnAsync(lab, clock, seen, stop.Token)).ToArray();
        await Task.Delay(500, cancellationToken);
        using (var process = Process.GetProcessById(pid)) process.Kill();
        var killed = clock.Elapsed;

        var back = TimeSpan.Zero;
        while (back == TimeSpan.Zero && clock.Elapsed - killed < LongestAbsence)
        {
            await Task.Delay(200, cancellationToken);
            // One answer is not a return: it must go on to take its part.
            var now = clock.Elapsed;
            var lately = seen.Where(entry => entry.At > now - Settled).ToArray();
            if (now - killed > Settled && lab.PidNow(victim) is { } pidNow && pidNow != pid
                && lately.All(entry => entry.Error is null) && lately.Count(entry => entry.Instance == victim) >= SmallestShare / 2 * lately.Length) back = now - Settled;
        }

        await stop.CancelAsync();
        await Task.WhenAll(clients);

        var errors = seen.Where(entry => entry.Error is not null).ToArray();
        var kinds = string.Join(", ", errors.GroupBy(entry => entry.Error).Select(group => $"{group.Count()} × {group.Key}"));
        evidence.Expect(errors.Length == 0, $"{victim} killed: {errors.Length} errors in {seen.Count} requests{(kinds.Length > 0 ? $" ({kinds})" : "")}");
        var pidAfter = lab.PidNow(victim);
        if (!evidence.Expect(back > TimeSpan.Zero, back > TimeSpan.Zero
            ? $"it takes part again {(back - killed).TotalSeconds:0.0} s after, as process {pidAfter} instead of {pid}"
            : $"it does not take part again within {LongestAbsence.TotalSeconds:0} s")) return;

        await ExpectEvenAsync(lab, evidence, "after that ", replicas, cancellationToken);
    }

    private static async Task<bool> ExpectEvenAsync(ClaimLab lab, Evidence evidence, string when, string[] replicas, CancellationToken cancellationToken)
    {
        using var caller = lab.Call(lab.Url("edge", "http"));
        var counts = new SortedDictionary<string, int>(StringComparer.Ordinal);
        for (var i = 0; i < Requests; i++)
        {
            var instance = (await caller.WhoAmIAsync("/catalog/whoami", cancellationToken)).Instance;
            counts[instance] = counts.GetValueOrDefault(instance) + 1;
        }

        var isEven = replicas.Length > 1 && replicas.All(replica => counts.GetValueOrDefault(replica) >= SmallestShare * Requests * 2 / replicas.Length);
        return evidence.Expect(isEven, $"{when}of {Requests} requests {string.Join(" and ", counts.Select(count => $"{count.Value} are answered by {count.Key}"))}");
    }

    private static async Task SendOnAsync(ClaimLab lab, Stopwatch clock, ConcurrentQueue<(TimeSpan At, string? Instance, string? Error)> seen, CancellationToken stop)
    {
        using var caller = lab.Call(lab.Url("edge", "http"));
        while (!stop.IsCancellationRequested)
        {
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(stop);
            patience.CancelAfter(Patience);
            try
            {
                var answer = await caller.WhoAmIAsync("/catalog/whoami", patience.Token);
                seen.Enqueue((clock.Elapsed, answer.Instance, null));
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception) when (exception is HttpRequestException or InvalidOperationException or OperationCanceledException)
            {
                seen.Enqueue((clock.Elapsed, null, exception is InvalidOperationException ? exception.Message[^3..] : exception is HttpRequestException ? "no connection" : "no answer"));
            }

            await Task.Delay(Pause, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
