using System.Collections.Concurrent;
using System.Diagnostics;
using Topology.Claims.Lab;

namespace Topology.Claims.Checks;

/// <summary>The edge spreads requests over replicas, avoids one that stops and uses it again when it is back.</summary>
public sealed class LoadBalancingClaim : Claim
{
    private const int Requests = 1000;

    // Used in production, where the edge refuses more than 200 requests per second from one client.
    private const int FewRequests = 200;
    private static readonly TimeSpan LongPause = TimeSpan.FromMilliseconds(50);

    private const double SmallestShare = 0.4;
    private const int Clients = 4;
    private static readonly TimeSpan LongestTrouble = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LongestAbsence = TimeSpan.FromSeconds(40);
    private static readonly TimeSpan Settled = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <inheritdoc />
    public override string Id => "load-balancing";

    /// <inheritdoc />
    public override string Sentence =>
        "A reverse proxy makes load balancing simple: clients know one address, while replicas behind it start and stop.";

    /// <inheritdoc />
    public override string Method =>
        $"Sent {Requests} requests ({FewRequests} in production, where the edge limits each client) to the edge and to each other "
            + $"running proxy, and counted which replica answered (at least {SmallestShare:P0} each). Killed one replica while {Clients} "
            + "clients of each kept sending. Clients of the edge must see no error; errors of another proxy, or of a platform's ingress, "
            + $"must end within {LongestTrouble.TotalSeconds:0} s. Waited until the replica had restarted and answered for "
            + $"{Settled.TotalSeconds:0} s, then counted again.";

    /// <inheritdoc />
    public override MissingRequirement? Needs(ClaimLab lab)
    {
        ArgumentNullException.ThrowIfNull(lab);
        // Only the cloud may have one replica. The lab always has two, so a missing one is a fault that the check must find.
        return lab.IsCloud && Replicas(lab).Length < 2
            ? new("replicas", "The catalog has one replica, so there is nothing to balance: start the run with --replicas catalog=2.")
            : MissingRequirement.WhoAmIIn(lab, "catalog");
    }

    /// <inheritdoc />
    public override async Task CheckAsync(ClaimLab lab, Evidence evidence, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(lab);
        ArgumentNullException.ThrowIfNull(evidence);
        var replicas = Replicas(lab);
        // If requests are not spread evenly, killing a replica proves nothing more.
        if (!await ExpectEvenAsync(lab, evidence, "", replicas, cancellationToken)) return;

        var victim = replicas[^1];
        if (lab.PidNow(victim) is not { } pid)
        {
            evidence.Expect(false, $"the process of {victim} is not known, so it cannot be killed");
            return;
        }

        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var clock = Stopwatch.StartNew();
        var watched = lab.ProxyKinds.ToDictionary(proxy => proxy, _ => new ConcurrentQueue<Seen>());
        var clients = watched.SelectMany(
            proxy => Enumerable.Range(0, Clients).Select(_ => SendOnAsync(lab, proxy.Key, clock, proxy.Value, stop.Token))).ToArray();
        await Task.Delay(500, cancellationToken);
        using (var process = Process.GetProcessById(pid)) process.Kill();
        var killed = clock.Elapsed;

        var back = new Dictionary<string, TimeSpan>();
        while (back.Count < watched.Count && clock.Elapsed - killed < LongestAbsence)
        {
            await Task.Delay(200, cancellationToken);
            var now = clock.Elapsed;
            if (now - killed <= Settled || lab.PidNow(victim) is not { } pidNow || pidNow == pid) continue;
            foreach (var (proxy, seen) in watched.Where(proxy => !back.ContainsKey(proxy.Key)))
            {
                // One response does not prove that the replica is back. It must serve its share for a while.
                var lately = seen.Where(entry => entry.At > now - Settled).ToArray();
                if (lately.All(entry => entry.Error is null)
                    && lately.Count(entry => entry.Instance == victim) >= SmallestShare / 2 * lately.Length)
                {
                    back[proxy] = now - Settled;
                }
            }
        }

        await stop.CancelAsync();
        await Task.WhenAll(clients);
        evidence.Note($"{victim} was killed: process {lab.PidNow(victim)} replaced {pid}");
        foreach (var (proxy, seen) in watched)
        {
            var errors = seen.Where(entry => entry.Error is not null).ToArray();
            var last = errors.Length == 0 ? TimeSpan.Zero : errors.Max(entry => entry.At) - killed;
            var kinds = errors.Length == 0 ? ""
                : $" ({string.Join(", ", errors.GroupBy(entry => entry.Error).Select(group => $"{group.Count()} × {group.Key}"))}, the "
                + $"last after {last.TotalSeconds:0.0} s)";
            // Our edge retries on another replica, so it must return no errors. Other proxies may return errors for a short time. So may a
            // platform's ingress, because there the ingress balances the load.
            evidence.Expect(
                proxy == "edge" && !lab.IsCloud ? errors.Length == 0
                : last < LongestTrouble, $"{proxy}: {errors.Length} errors in {seen.Count} requests{kinds}");
            evidence.Expect(back.ContainsKey(proxy), back.TryGetValue(proxy, out var at)
                ? $"the replica answers again {(at - killed).TotalSeconds:0.0} s after"
                : $"the replica does not answer again within {LongestAbsence.TotalSeconds:0} s");
        }

        if (back.Count == watched.Count) await ExpectEvenAsync(lab, evidence, "after the restart, ", replicas, cancellationToken);
    }

    private static string[] Replicas(ClaimLab lab) =>
        [.. lab.Backends.Where(backend => backend.Service() == "catalog").Select(backend => backend.Name)];

    private static async Task<bool> ExpectEvenAsync(
        ClaimLab lab, Evidence evidence, string when, string[] replicas, CancellationToken cancellationToken)
    {
        var (isEven, requests) = (true, lab.IsCloud ? FewRequests : Requests);
        foreach (var proxy in lab.ProxyKinds)
        {
            using var caller = lab.Call(lab.Entrance(proxy));
            var counts = new SortedDictionary<string, int>(StringComparer.Ordinal);
            for (var i = 0; i < requests; i++)
            {
                var instance = lab.NameOf(await caller.WhoAmIAsync("/catalog/whoami", cancellationToken));
                counts[instance] = counts.GetValueOrDefault(instance) + 1;
            }

            isEven &= evidence.Expect(
                replicas.Length > 1
                && replicas.All(replica => counts.GetValueOrDefault(replica) >= SmallestShare * requests * 2 / replicas.Length),
                $"{when}of {requests} requests to {proxy} "
                    + $"{string.Join(" and ", counts.Select(count => $"{count.Value} were answered by {count.Key}"))}");
        }

        return isEven;
    }

    private static async Task SendOnAsync(ClaimLab lab, string proxy, Stopwatch clock, ConcurrentQueue<Seen> seen, CancellationToken stop)
    {
        using var caller = lab.Call(lab.Entrance(proxy));
        while (!stop.IsCancellationRequested)
        {
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(stop);
            patience.CancelAfter(Patience);
            try
            {
                var answer = await caller.WhoAmIAsync("/catalog/whoami", patience.Token);
                seen.Enqueue(new(clock.Elapsed, lab.NameOf(answer), null));
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception) when (exception is HttpRequestException or InvalidOperationException or OperationCanceledException)
            {
                seen.Enqueue(
                    new(clock.Elapsed, null, exception is InvalidOperationException ? exception.Message[^3..]
                    : exception is HttpRequestException ? "no connection" : "no response"));
            }

            await Task.Delay(lab.IsCloud ? LongPause : Pause, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>The outcome of one request.</summary>
    private sealed record Seen(TimeSpan At, string? Instance, string? Error);
}
