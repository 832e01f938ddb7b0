using System.Net;
using Topology.Comparison.Targets;
using Topology.Comparison.Workloads;

namespace Topology.Comparison.Lanes;

/// <summary>All lanes to one path. If it has several replicas, the lanes alternate between them.</summary>
internal sealed class PathLanes : IDisposable
{
    /// <summary>Lanes on one HTTP/2 connection; servers commonly allow 100 streams.</summary>
    private const int LanesPerConnection = 16;

    private readonly List<HttpMessageInvoker> _connections = [];

    /// <param name="path">The path's name.</param>
    /// <param name="addresses">Where the path begins, one address per replica.</param>
    /// <param name="workload">What the lanes send.</param>
    /// <param name="count">How many lanes.</param>
    /// <param name="http2">HTTP/2 instead of HTTP/1.1.</param>
    /// <param name="trust">Which certificates are trusted.</param>
    /// <param name="connect">Where to connect to reach an address; null for the address itself.</param>
    public PathLanes(
        string path, IReadOnlyList<Uri> addresses, Workload workload, int count, bool http2, PublicTrust trust,
        Func<Uri, EndPoint>? connect = null)
    {
        (Path, Address) = (path, addresses[0]);
        Lanes = new ILane[count];
        for (var i = 0; i < Lanes.Length; i++)
        {
            var address = addresses[i % addresses.Count];
            Lanes[i] = workload.Kind == WorkloadKind.Socket ? new SocketLane(address, workload, Connection(i), http2, Proof)
                : http2 ? new HttpClientLane(address, workload, Connection(i), Proof)
                : new Http1Lane(address, workload, trust, Proof, connect?.Invoke(address));
        }

        HttpMessageInvoker Connection(int lane)
        {
            // Consecutive lanes use different replicas. Lanes to the same replica share connections.
            var share = lane / addresses.Count / LanesPerConnection * addresses.Count + lane % addresses.Count;
            while (_connections.Count <= share)
            {
                var address = addresses[_connections.Count % addresses.Count];
                _connections.Add(CountedConnection.Create(trust, address, Proof, http2, connect?.Invoke(address)));
            }

            return _connections[share];
        }
    }

    public string Path { get; }

    /// <summary>The path's first address.</summary>
    public Uri Address { get; }

    public ILane[] Lanes { get; }

    public LaneProof Proof { get; } = new();

    public void Dispose()
    {
        foreach (var lane in Lanes) lane.Dispose();
        foreach (var connection in _connections) connection.Dispose();
    }
}
