using System.Buffers.Binary;
using System.Text;

namespace Topology.Comparison.Workloads;

/// <summary>
/// Server-sent events. Measures the time to the first event. A second event follows after a pause, which exposes a proxy that
/// holds back the first event until more data arrives.
/// </summary>
public sealed class EventsWorkload : Workload
{
    /// <inheritdoc />
    public override string Name => "events";

    /// <inheritdoc />
    public override string Description => "GET server-sent events, time to the first";

    /// <inheritdoc />
    public override string Service => "live";

    /// <inheritdoc />
    public override WorkloadKind Kind => WorkloadKind.FirstEvent;

    /// <inheritdoc />
    public override WorkloadRequest Create(int variant) => new("GET", "/live/events?count=2&interval=20");
}

/// <summary>A message and its echo on an open WebSocket.</summary>
public sealed class SocketWorkload : Workload
{
    /// <inheritdoc />
    public override string Name => "socket";

    /// <inheritdoc />
    public override string Description => "WebSocket round trip of 64 bytes";

    /// <inheritdoc />
    public override string Service => "live";

    /// <inheritdoc />
    public override WorkloadKind Kind => WorkloadKind.Socket;

    /// <inheritdoc />
    public override WorkloadRequest Create(int variant) => new("GET", "/live/socket", Encoding.ASCII.GetBytes(new string('.', 64)));
}

/// <summary>
/// A unary gRPC call. This class encodes the bytes itself (the protocol's length-prefixed message around field 1 of <c>EchoMessage</c>).
/// With a generated client, the measurement would include the client's cost.
/// </summary>
public sealed class GrpcWorkload : Workload
{
    public const string ContentType = "application/grpc";
    private const int PrefixLength = 5;
    private const byte TextField = 1 << 3 | 2;

    /// <inheritdoc />
    public override string Name => "grpc";

    /// <inheritdoc />
    public override string Description => "gRPC unary call of 64 bytes (HTTP/2 over TLS)";

    /// <inheritdoc />
    public override string Service => "live";

    /// <inheritdoc />
    public override bool NeedsHttp2 => true;

    /// <inheritdoc />
    public override WorkloadRequest Create(int variant)
    {
        byte[] message = [TextField, 64, .. Encoding.ASCII.GetBytes(new string('.', 64))];
        var framed = new byte[PrefixLength + message.Length];
        BinaryPrimitives.WriteInt32BigEndian(framed.AsSpan(1), message.Length);
        message.CopyTo(framed.AsSpan(PrefixLength));
        return new("POST", "/topology.live.v1.Echo/Unary", framed, ContentType);
    }
}
