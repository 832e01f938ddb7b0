using System.Diagnostics;
using Topology.Comparison.Cost;
using Topology.Comparison.Lanes;
using Topology.Comparison.Statistics;

namespace Topology.Comparison;

/// <summary>
/// A path during a run, with the results of its blocks so far. The control measures the baseline again, on separate connections.
/// </summary>
internal sealed class MeasuredPath(string path, bool isControl, PathLanes lanes, ProcessCost cost) : IDisposable
{
    private readonly Dictionary<string, TimeSpan> _cpu = [];
    private int _openedBefore;

    public string Path => path;

    public bool IsControl => isControl;

    public PathLanes Lanes => lanes;

    public ProcessCost Cost => cost;

    /// <summary>Whether the run still measures it.</summary>
    public bool IsActive { get; private set; } = true;

    public string? Error { get; private set; }

    public int FailedInARow { get; private set; }

    public List<BlockDistribution> Distributions { get; } = [];

    public List<BlockPoint> Blocks { get; } = [];

    public long Planned { get; private set; }

    public long Errors { get; private set; }

    public long Different { get; private set; }

    public long Late { get; private set; }

    public long Waited { get; private set; }

    public double Seconds { get; private set; }

    public List<Guid> Acknowledged { get; } = [];

    public int ConnectionsOpened => lanes.Proof.Opened - _openedBefore;

    /// <summary>CPU time in the blocks of this path, by process.</summary>
    public IReadOnlyDictionary<string, TimeSpan> Cpu => _cpu;

    /// <summary>Starts to count newly opened connections. All connections should be open by now, so the count should stay 0.</summary>
    public void StartMeasuring() => _openedBefore = lanes.Proof.Opened;

    public void LeaveOut(string error) => (IsActive, Error) = (false, error);

    public void CountDifferent() => Different++;

    /// <summary>Discards a block's measurements but keeps the ids of the orders it wrote.</summary>
    public void WarmUp(BlockRecord record) => Acknowledged.AddRange(record.Acknowledged);

    public BlockPoint Add(BlockRecord record, IReadOnlyDictionary<string, TimeSpan> used, double at)
    {
        var distribution = BlockDistribution.FromTicks(record.Latencies);
        Distributions.Add(distribution);
        var block = new BlockPoint(at, distribution.Milliseconds(0.5), distribution.Milliseconds(0.99));
        if (distribution.Total > 0) Blocks.Add(block);
        FailedInARow = distribution.Total > 0 ? 0 : FailedInARow + 1;
        Planned += record.Planned;
        Errors += record.Errors;
        Different += record.Different;
        Late += record.Late;
        Waited += record.Waited;
        Seconds += (double)record.Duration / Stopwatch.Frequency;
        Error ??= record.Error;
        Acknowledged.AddRange(record.Acknowledged);
        foreach (var (name, time) in used) _cpu[name] = _cpu.GetValueOrDefault(name) + time;

        return block;
    }

    public void Dispose() => lanes.Dispose();
}
