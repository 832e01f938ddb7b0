using System.Globalization;
using Topology.Claims.Lab;
using Topology.Comparison;
using Topology.Comparison.Cost;
using Topology.Comparison.Targets;
using Topology.Comparison.Workloads;

namespace Topology.Claims.Checks;

/// <summary>What HTTPS on the inside costs.</summary>
/// <param name="seconds">How long each way is measured for latency.</param>
/// <param name="rounds">How many pairs of blocks are measured for CPU.</param>
public sealed class InternalHttpsCostClaim(double seconds, int rounds) : Claim
{
    private const string Without = "edge";
    private const string With = "edge-tls";
    private const int Clients = 4;

    // What is small shows the cost of a request, what is large that of its bytes.
    private static readonly Load Small = new("catalog", "/catalog/items/1", 200, "a catalog item");
    private static readonly Load Large = new("media-download", "/media/1048576", 12, "1 MiB");
    private const int Attempts = 3;

    /// <summary>The measurement as <c>claims</c> makes it.</summary>
    public InternalHttpsCostClaim() : this(4, 60)
    {
    }

    /// <inheritdoc />
    public override string Id => "internal-https-cost";

    /// <inheritdoc />
    public override string Sentence => "HTTPS between the proxy and the applications adds security, and a cost for each request.";

    /// <inheritdoc />
    public override string Done =>
        $"Compared {With} with {Without}, the same program with plain HTTP/2 inwards: latency at 500 requests a second for {seconds:0.#} s "
            + $"each with the comparison engine, then CPU of the edge and the backend in {rounds} rounds of blocks of {Small.Requests} "
            + $"small requests, and of {Large.Requests} for 1 MiB, the plain way twice as a control, in random order. Holds if the 95 % "
            + $"interval of the CPU difference lies above 0 for 1 MiB, and for small requests not below.";

    /// <inheritdoc />
    public override MissingRequirement? Needs(ClaimLab lab) =>
        MissingRequirement.LabOnly(lab, "One edge runs, without HTTPS to the services, and the cost shows between two.");

    /// <inheritdoc />
    public override async Task CheckAsync(ClaimLab lab, Evidence evidence, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(lab);
        ArgumentNullException.ThrowIfNull(evidence);
        foreach (var (path, expected) in (IEnumerable<(string, string)>)[(Without, "internal-h2"), (With, "internal-tls")])
        {
            using var caller = lab.Call(lab.Url(path, "http"));
            var listener = (await caller.WhoAmIAsync("/catalog/whoami", cancellationToken)).Listener;
            evidence.Expect(listener == expected, $"{path} goes inwards by {listener}");
        }

        var engine = new ComparisonEngine(lab.Targets, lab.Trust)
        {
            Processes = (path, workload) =>
        lab.State.On(path, workload),
            ServicesConfiguration = lab.State.Configuration
        };
        var result = await engine.RunAsync(new() { Paths = [Without, With], DurationSeconds = seconds }, null, cancellationToken);
        foreach (var difference in result.Differences.Where(difference => difference.Percentile is "p50" or "p99"))
        {
            evidence.Note(
                $"latency {difference.Percentile} {Signed(difference.Ms)} ms, 95 % [{Signed(difference.Ci95[0])}, "
                + $"{Signed(difference.Ci95[1])}]{(difference.IncludesZero ? ", not to be told from none" : "")}");
        }

        if (result.Control is { } control)
        {
            evidence.Note(
                $"control, {Without} against itself, p50 {Signed(control.Ms)} ms [{Signed(control.Ci95[0])}, {Signed(control.Ci95[1])}]");
        }
        if (!result.Valid) evidence.Note($"the latencies must not be used: {result.Notes[0]}");

        var small = await MeasureAsync(lab, Small, evidence, cancellationToken);
        evidence.Expect(small.High > 0, small.Text);
        var large = await MeasureAsync(lab, Large, evidence, cancellationToken);
        evidence.Expect(large.Low > 0, large.Text);
    }

    private async Task<(double Low, double High, string Text)> MeasureAsync(
        ClaimLab lab, Load load, Evidence evidence, CancellationToken cancellationToken)
    {
        var (plain, again, secured) = await CpuAsync(lab, load, cancellationToken);
        var itself = Interval([.. again.Zip(plain, (second, first) => second - first)]);
        // A machine on which a way differs from itself is too noisy to tell. Only that decides, not what is to be found.
        for (var attempt = 1; attempt < Attempts && (itself.Low > 0 || itself.High < 0); attempt++)
        {
            evidence.Note(
                $"CPU measured again, because {Without} differed from itself by {Signed(itself.Middle)} µs [{Signed(itself.Low)}, "
                + $"{Signed(itself.High)}]");
            (plain, again, secured) = await CpuAsync(lab, load, cancellationToken);
            itself = Interval([.. again.Zip(plain, (second, first) => second - first)]);
        }

        var (middle, low, high) =
            Interval([.. secured.Zip(plain.Zip(again, (first, second) => (first + second) / 2), (with, without) => with - without)]);
        var usual = Interval(plain).Middle;
        return (low, high,
            $"CPU of edge and backend for {load.Words} {usual:0} µs, with HTTPS inside {Signed(middle)} µs, 95 % [{Signed(low)}, "
            + $"{Signed(high)}]: {middle / usual:P0}; "
            + $"control, {Without} against itself {Signed(itself.Middle)} µs [{Signed(itself.Low)}, {Signed(itself.High)}]");
    }

    /// <summary>CPU of proxy and backend in microseconds for each request, block by block.</summary>
    private async Task<(double[] Without, double[] Again, double[] With)> CpuAsync(
        ClaimLab lab, Load load, CancellationToken cancellationToken)
    {
        var workload = WorkloadCatalog.Find(load.Workload)!;
        var ways = new List<(ProcessCost Cost, Caller[] Callers, List<double> Blocks)>();
        try
        {
            foreach (var path in (string[])[Without, Without, With])
            {
                ways.Add(
                    (new(Current(lab, lab.State.On(path, workload))),
                    [.. Enumerable.Range(0, Clients).Select(_ => lab.Call(lab.Url(path, "http")))], []));
            }

            for (var round = -1; round < rounds; round++)
            {
                var order = ways.ToArray();
#pragma warning disable CA5394 // The order of blocks is no secret.
                Random.Shared.Shuffle(order);
#pragma warning restore CA5394
                foreach (var (cost, callers, blocks) in order)
                {
                    cost.Refresh();
                    var before = cost.Cpu();
                    await Task.WhenAll(callers.Select(SendBlockAsync));
                    var used = Microseconds(ProcessCost.Used(before, cost.Cpu())) / load.Requests;
                    if (round >= 0) blocks.Add(used); // The first round opens the connections.
                }
            }

            return ([.. ways[0].Blocks], [.. ways[1].Blocks], [.. ways[2].Blocks]);
        }
        finally
        {
            foreach (var caller in ways.SelectMany(way => way.Callers)) caller.Dispose();
        }

        async Task SendBlockAsync(Caller caller)
        {
            for (var i = 0; i < load.Requests / Clients; i++)
            {
                var status = await caller.StatusAsync(load.Path, cancellationToken);
                if (status != 200) throw new InvalidOperationException($"a measured request got {status}");
            }
        }
    }

    /// <summary>With the pids of now: a replica may have been started again since the lab was opened.</summary>
    private static IReadOnlyList<MeasuredProcess> Current(ClaimLab lab, IReadOnlyList<MeasuredProcess> processes) =>
    [
        .. from process in processes
           let name = lab.State.Resources.First(resource => resource.Pid == process.Pid).Name
           select process with { Pid = lab.PidNow(name) ?? process.Pid },
    ];

    private static double Microseconds(IReadOnlyDictionary<string, TimeSpan> used) =>
        used.Where(entry => entry.Key != ProcessCost.GeneratorName).Sum(entry => entry.Value.TotalMicroseconds);

    /// <summary>
    /// The Hodges–Lehmann estimate of the middle of the values, with its 95 % interval from Wilcoxon's signed ranks: one
    /// block in which something else ran does not move it.
    /// </summary>
    internal static (double Middle, double Low, double High) Interval(IReadOnlyList<double> values)
    {
        const double z = 1.959963984540054;
        var count = values.Count;
        double[] averages = [.. values.SelectMany((first, index) => values.Skip(index).Select(second => (first + second) / 2)).Order()];
        var expected = averages.Length / 2.0;
        var cut = (int)Math.Clamp(Math.Floor(expected - z * Math.Sqrt(count * (count + 1) * (2 * count + 1) / 24.0)), 0, expected);
        return (averages[averages.Length / 2], averages[cut], averages[^(cut + 1)]);
    }

    /// <param name="Workload">Says which processes are on its way.</param>
    /// <param name="Path">What is asked for.</param>
    /// <param name="Requests">How many in each block.</param>
    /// <param name="Words">What it is, for people.</param>
    private sealed record Load(string Workload, string Path, int Requests, string Words);

    private static string Signed(double value) =>
        value.ToString(Math.Abs(value) < 10 ? "+0.000;−0.000;0.000" : "+0.0;−0.0;0.0", CultureInfo.InvariantCulture);
}
