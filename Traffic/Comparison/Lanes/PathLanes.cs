using Topology.Comparison.Targets;
using Topology.Comparison.Workloads;

namespace Topology.Comparison.Lanes;

/// <summary>All lanes to one path. Where it begins at several replicas, the lanes take them in turn.</summary>
internal sealed class PathLanes : IDisposable
{
    /// <summary>Lanes on one HTTP/2 connection; servers commonly allow 100 streams.</summary>
    private const int LanesPerConnection = 16;

    private readonly List<HttpMessageInvoker> _connections = [];

    public PathLanes(string path, IReadOnlyList<Uri> addresses, Workload workload, ComparisonOptions options, PublicTrust trust)
    {
        Path = path;
        Lanes = new ILane[options.Concurrency];
        for (var i = 0; i < Lanes.Length; i++)
        {
            var address = addresses[i % addresses.Count];
            Lanes[i] = workload.Kind == WorkloadKind.Socket ? new SocketLane(address, workload, Connection(i, address, options, trust), options.IsHttp2, Proof)
                : options.IsHttp2 ? new HttpClientLane(address, workload, Connection(i, address, options, trust), Proof)
                : new Http1Lane(address, workload, trust, Proof);
        }

        HttpMessageInvoker Connection(int lane, Uri address, ComparisonOptions options, PublicTrust trust)
        {
            // Each replica's lanes share connections; lane by lane the replicas alternate.
            var share = lane / addresses.Count / LanesPerConnection * addresses.Count + lane % addresses.Count;
            while (_connections.Count <= share) _connections.Add(CountedConnection.Create(trust, addresses[_connections.Count % addresses.Count], Proof, options.IsHttp2));
            return _connections[share];
        }
    }

    public string Path { get; }

    public ILane[] Lanes { get; }

    public LaneProof Proof { get; } = new();

    public void Dispose()
    {
        foreach (var lane in Lanes) lane.Dispose();
        foreach (var connection in _connections) connection.Dispose();
    }
}
