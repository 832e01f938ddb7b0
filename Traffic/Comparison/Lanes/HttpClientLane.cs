using System.Diagnostics;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using Topology.Comparison.Targets;
using Topology.Comparison.Workloads;

namespace Topology.Comparison.Lanes;

/// <summary>HTTP/2 over TLS, many lanes on one connection. .NET's client does the multiplexing.</summary>
internal sealed class HttpClientLane(Uri address, Workload workload, HttpMessageInvoker connection, LaneProof proof) : ILane
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly WorkloadRequest[] _requests = [.. Enumerable.Range(0, workload.Variants).Select(workload.Create)];
    private readonly Uri[] _addresses =
        [.. Enumerable.Range(0, workload.Variants).Select(variant => Absolute(address, workload.Create(variant)))];
    private byte[] _body = new byte[16 * 1024];
    private int _length;

    public ReadOnlySpan<byte> Body => _body.AsSpan(0, _length);

    /// <summary>Does nothing: the first request opens the connection.</summary>
    public void Open()
    {
    }

    /// <summary>The URL of a request at an address.</summary>
    public static Uri Absolute(Uri address, WorkloadRequest request) =>
        new(address.GetLeftPart(UriPartial.Authority) + request.At(address));

    /// <summary>A request for .NET's client.</summary>
    public static HttpRequestMessage Message(Workload workload, WorkloadRequest request, Uri url, Version version)
    {
        var message = new HttpRequestMessage(new(request.Method), url)
        {
            Version = version,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        foreach (var (name, value) in LoadHeaders.Of(workload, request)) message.Headers.TryAddWithoutValidation(name, value);
        if (request.ContentType is not { } type) return message;
        message.Content = new ReadOnlyMemoryContent(request.Body);
        message.Content.Headers.TryAddWithoutValidation("Content-Type", type);
        return message;
    }

    public Answer Exchange(int variant) => ExchangeAsync(variant).GetAwaiter().GetResult();

    /// <summary>Does nothing: the connection is shared, and its owner disposes it.</summary>
    public void Dispose()
    {
    }

    private async Task<Answer> ExchangeAsync(int variant)
    {
        var request = _requests[variant];
        using var patience = new CancellationTokenSource(Patience);
        using var message = Message(workload, request, _addresses[variant], HttpVersion.Version20);
        if (workload.IsKeyed) message.Headers.TryAddWithoutValidation(LoadHeaders.Key, Guid.NewGuid().ToString("N"));
        var isGrpc = request.ContentType == GrpcWorkload.ContentType;
        if (isGrpc) message.Headers.TE.Add(new("trailers"));

        using var response = await connection.SendAsync(message, patience.Token).ConfigureAwait(false);
        await using var stream = await response.Content.ReadAsStreamAsync(patience.Token).ConfigureAwait(false);
        _length = 0;
        long? firstEvent = null;
        while (await stream.ReadAsync(_body.AsMemory(_length), patience.Token).ConfigureAwait(false) is > 0 and var read)
        {
            _length += read;
            if (_length == _body.Length) Array.Resize(ref _body, 2 * _body.Length);
            if (workload.Kind == WorkloadKind.FirstEvent && firstEvent is null && Body.IndexOf("\n\n"u8) >= 0)
            {
                firstEvent = Stopwatch.GetTimestamp();
            }
        }

        var endedAt = firstEvent ?? Stopwatch.GetTimestamp();
        if (isGrpc && Status(response) is not "0" and var status)
        {
            throw new IOException($"The gRPC call ended with status {status ?? "none"}.");
        }
        proof.AddProtocol($"HTTP/{response.Version.ToString(response.Version.Minor == 0 ? 1 : 2)}, TLS");
        return new((int)response.StatusCode, endedAt);
    }

    private static string? Status(HttpResponseMessage response) =>
        response.TrailingHeaders.TryGetValues("grpc-status", out var values) || response.Headers.TryGetValues("grpc-status", out values)
            ? values.First() : null;
}

/// <summary>Creates .NET clients that record no spans and count their connections.</summary>
internal static class CountedConnection
{
    /// <param name="trust">Which certificates are trusted.</param>
    /// <param name="address">The address.</param>
    /// <param name="proof">Counts the connections.</param>
    /// <param name="http2">Offers HTTP/2 instead of HTTP/1.1.</param>
    /// <param name="via">Where to connect to reach the address; null for the address itself.</param>
    public static HttpMessageInvoker Create(PublicTrust trust, Uri address, LaneProof proof, bool http2, EndPoint? via = null)
    {
        return new(new SocketsHttpHandler
        {
            SslOptions = trust.OptionsFor(address, http2 ? SslApplicationProtocol.Http2 : SslApplicationProtocol.Http11),
            // Load must not be traced: a client without a propagator sends no trace headers of its own and records no spans.
            ActivityHeadersPropagator = null,
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false,
            PooledConnectionIdleTimeout = Timeout.InfiniteTimeSpan,
            PooledConnectionLifetime = Timeout.InfiniteTimeSpan,
            ConnectCallback = via is null ? null : (_, cancellationToken) => ConnectAsync(via, cancellationToken),
            PlaintextStreamFilter = (context, _) =>
            {
                proof.CountOpened();
                return ValueTask.FromResult(context.PlaintextStream);
            },
        });
    }

    private static async ValueTask<Stream> ConnectAsync(EndPoint via, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(via, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
