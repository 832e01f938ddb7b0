using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;

namespace Topology.Comparison.Networks;

/// <summary>
/// Relays TCP connections to one address and delays every byte in both directions. It works below TLS, so names of certificates and
/// hosts stay those of the address.
/// </summary>
internal sealed class DelayRelay : IDisposable
{
    private const int PieceLength = 16 * 1024;

    /// <summary>The most pieces underway in one direction of a connection. The sender then waits, as for a full network.</summary>
    private const int MostPieces = 64;

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly DnsEndPoint _address;
    private readonly DelayLine _line;

    public DelayRelay(Uri address, DelayLine line)
    {
        (_address, _line) = (new(address.IdnHost, address.Port), line);
        _listener.Start(backlog: 1024);
        _ = AcceptAsync();
    }

    /// <summary>Where clients connect instead of to the address.</summary>
    public EndPoint EndPoint => _listener.LocalEndpoint;

    /// <inheritdoc />
    public void Dispose()
    {
        _stop.Cancel();
        _listener.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true) _ = RelayAsync(await _listener.AcceptSocketAsync(_stop.Token));
        }
        catch (Exception exception) when (IsEnd(exception))
        {
            // The comparison has ended.
        }
    }

    private async Task RelayAsync(Socket client)
    {
        using var server = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        using var broken = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        try
        {
            client.NoDelay = true;
            await server.ConnectAsync(_address, _stop.Token);
            await Task.WhenAll(CopyAsync(client, server, broken), CopyAsync(server, client, broken));
        }
        catch (Exception exception) when (IsEnd(exception))
        {
            // One side is gone; closing both tells the other.
        }
        finally
        {
            client.Dispose();
        }
    }

    private Task CopyAsync(Socket from, Socket to, CancellationTokenSource broken)
    {
        var underway = Channel.CreateBounded<(Memory<byte> Piece, Task Arrival)>(MostPieces);
        return Task.WhenAll(BreakingAsync(ReadAsync, broken), BreakingAsync(WriteAsync, broken));

        async Task ReadAsync(CancellationToken cancellationToken)
        {
            var buffer = new byte[PieceLength];
            while (await from.ReceiveAsync(buffer, cancellationToken) is > 0 and var length)
            {
                await underway.Writer.WriteAsync((buffer.AsSpan(0, length).ToArray(), _line.Enter()), cancellationToken);
            }

            await underway.Writer.WriteAsync((default, _line.Enter()), cancellationToken);
            underway.Writer.Complete();
        }

        async Task WriteAsync(CancellationToken cancellationToken)
        {
            await foreach (var (piece, arrival) in underway.Reader.ReadAllAsync(cancellationToken))
            {
                await arrival;
                for (var left = piece; !left.IsEmpty;) left = left[await to.SendAsync(left, cancellationToken)..];
            }

            to.Shutdown(SocketShutdown.Send);
        }
    }

    /// <summary>If one part fails, all parts of the connection end.</summary>
    private static async Task BreakingAsync(Func<CancellationToken, Task> part, CancellationTokenSource broken)
    {
        try
        {
            await part(broken.Token);
        }
        catch
        {
            await broken.CancelAsync();
            throw;
        }
    }

    private static bool IsEnd(Exception exception) =>
        exception is SocketException or OperationCanceledException or InvalidOperationException;
}

/// <summary>A network with a delay between this program and every address.</summary>
/// <param name="delay">From a request to its response, half in each direction.</param>
internal sealed class EmulatedNetwork(TimeSpan delay) : IDisposable
{
    private readonly DelayLine _line = new(delay / 2);
    private readonly Dictionary<string, DelayRelay> _relays = [];

    /// <summary>Where to connect to reach an address through this network. Not safe for several threads.</summary>
    public EndPoint Find(Uri address)
    {
        if (!_relays.TryGetValue(address.Authority, out var relay)) _relays.Add(address.Authority, relay = new(address, _line));
        return relay.EndPoint;
    }

    /// <inheritdoc />
    public void Dispose()
    {
        foreach (var relay in _relays.Values) relay.Dispose();
        _line.Dispose();
    }
}
