using System.Globalization;
using Topology.Claims.Lab;
using Topology.Comparison;
using Topology.Comparison.Cost;
using Topology.Comparison.Targets;
using Topology.Comparison.Workloads;

namespace Topology.Claims.Checks;

/// <summary>What HTTPS on the internal network costs.</summary>
/// <param name="seconds">Seconds of latency measurement for each path.</param>
/// <param name="rounds">Rounds of CPU measurement.</param>
public sealed class InternalHttpsCostClaim(double seconds, int rounds) : Claim
{
    private const string Without = "edge";
    private const string With = "edge-tls";
    private const int Clients = 4;

    // Small responses show the cost per request, large ones the cost per byte.
    private static readonly Load Small = new("catalog", "/catalog/items/1", 200, "a catalog item");
    private static readonly Load Large = new("media-download", "/media/1048576", 12, "1 MiB");
    private const int Attempts = 3;

    /// <summary>The measurement of the <c>claims</c> command.</summary>
    public InternalHttpsCostClaim() : this(4, 60)
    {
    }

    /// <inheritdoc />
    public override string Id => "internal-https-cost";

    /// <inheritdoc />
    public override string Sentence => "HTTPS between the proxy and the applications adds security and a cost per request.";

    /// <inheritdoc />
    public override string Method =>
        $"Compared {With} with {Without}, the same program with plain HTTP/2 to the services: latency at 500 requests a second for "
            + $"{seconds:0.#} s each with the comparison engine, then CPU of the edge and the backend in {rounds} rounds of blocks of "
            + $"{Small.Requests} small requests, and of {Large.Requests} for 1 MiB, {Without} twice as a control, in random order. "
            + $"Holds if the 95 % interval of the CPU difference is above 0 for 1 MiB, and not below 0 for small requests.";

    /// <inheritdoc />
    public override MissingRequirement? Needs(ClaimLab lab) =>
        MissingRequirement.LabOnly(lab, "Only one edge runs, without HTTPS to the services. The cost is the difference between two.");

    /// <inheritdoc />
    public override async Task CheckAsync(ClaimLab lab, Evidence evidence, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(lab);
        ArgumentNullException.ThrowIfNull(evidence);
        foreach (var (path, expected) in (IEnumerable<(string, string)>)[(Without, "internal-h2"), (With, "internal-tls")])
        {
            using var caller = lab.Call(lab.Url(path, "http"));
            var listener = (await caller.WhoAmIAsync("/catalog/whoami", cancellationToken)).Listener;
            if (!evidence.Expect(listener == expected, $"{path} connects to {listener}")) return; // Nothing to compare.
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
                + $"{Signed(difference.Ci95[1])}]{(difference.IncludesZero ? ", no measurable difference" : "")}");
        }

        if (result.Control is { } control)
        {
            evidence.Note(
                $"control, {Without} against itself, p50 {Signed(control.Ms)} ms [{Signed(control.Ci95[0])}, {Signed(control.Ci95[1])}]");
        }
        if (!result.Valid) evidence.Note($"do not use these latencies: {result.Notes[0]}");

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
        // If a path differs from itself, the machine is too noisy, so measure again. The claim's own result never causes a
        // repetition.
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
            $"CPU of edge and backend for {load.Description} {usual:0} µs, with internal HTTPS {Signed(middle)} µs, 95 % [{Signed(low)}, "
            + $"{Signed(high)}]: {middle / usual:P0}; "
            + $"control, {Without} against itself {Signed(itself.Middle)} µs [{Signed(itself.Low)}, {Signed(itself.High)}]");
    }

    /// <summary>CPU of proxy and backend in microseconds for each request, block by block.</summary>
    private async Task<(double[] Without, double[] Again, double[] With)> CpuAsync(
        ClaimLab lab, Load load, CancellationToken cancellationToken)
    {
        var workload = WorkloadCatalog.Find(load.Workload)!;
        var paths = new List<(ProcessCost Cost, Caller[] Callers, List<double> Blocks)>();
        try
        {
            foreach (var path in (string[])[Without, Without, With])
            {
                paths.Add(
                    (new(Current(lab, lab.State.On(path, workload))),
                    [.. Enumerable.Range(0, Clients).Select(_ => lab.Call(lab.Url(path, "http")))], []));
            }

            for (var round = -1; round < rounds; round++)
            {
                var order = paths.ToArray();
#pragma warning disable CA5394 // The order of blocks is not secret.
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

            return ([.. paths[0].Blocks], [.. paths[1].Blocks], [.. paths[2].Blocks]);
        }
        finally
        {
            foreach (var caller in paths.SelectMany(path => path.Callers)) caller.Dispose();
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

    /// <summary>The same processes with their current ids. A replica may have restarted since the lab was opened.</summary>
    private static IReadOnlyList<MeasuredProcess> Current(ClaimLab lab, IReadOnlyList<MeasuredProcess> processes) =>
    [
        .. from process in processes
           let name = lab.State.Resources.First(resource => resource.Pid == process.Pid).Name
           select process with { Pid = lab.PidNow(name) ?? process.Pid },
    ];

    private static double Microseconds(IReadOnlyDictionary<string, TimeSpan> used) =>
        used.Where(entry => entry.Key != ProcessCost.GeneratorName).Sum(entry => entry.Value.TotalMicroseconds);

    /// <summary>
    /// The Hodges–Lehmann estimate of the values' centre, with its 95 % interval from Wilcoxon's signed ranks. A single disturbed
    /// block does not shift it.
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

    /// <param name="Workload">The workload whose processes are measured.</param>
    /// <param name="Path">The requested path.</param>
    /// <param name="Requests">Requests per block.</param>
    /// <param name="Description">The response, for display.</param>
    private sealed record Load(string Workload, string Path, int Requests, string Description);

    private static string Signed(double value) =>
        value.ToString(Math.Abs(value) < 10 ? "+0.000;−0.000;0.000" : "+0.0;−0.0;0.0", CultureInfo.InvariantCulture);
}
