using System.Net;
using System.Net.Sockets;
using System.Text;
using Topology.Ingress;
using Topology.Tests.Infrastructure;

namespace Topology.AppHost.Tests.Rehearsal;

/// <summary>A port beside the main ingress passes bytes, whatever they are.</summary>
public sealed class PortRelayTests : IDisposable
{
    private readonly TcpListener _replica = new(IPAddress.Loopback, FreePorts.Take());
    private readonly int _port = FreePorts.Take();

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Bytes_pass_as_they_are_also_after_one_side_has_sent_its_last()
    {
        _replica.Start();
        await using var ingress = await StartAsync(Port(_replica));
        await using var client = await ConnectAsync();
        await ExchangeAsync(client);
    }

    [Fact]
    public async Task A_replica_that_does_not_run_is_passed_over()
    {
        _replica.Start();
        await using var ingress = await StartAsync(FreePorts.Take(), Port(_replica));
        for (var i = 0; i < 4; i++)
        {
            await using var client = await ConnectAsync();
            await ExchangeAsync(client);
        }
    }

    [Fact]
    public async Task Without_a_replica_that_runs_the_connection_is_broken_off()
    {
        await using var ingress = await StartAsync(FreePorts.Take());
        var error = await Assert.ThrowsAnyAsync<Exception>(async () =>
        {
            await using var client = await ConnectAsync();
            await ReadAsync(client);
        });
        Assert.True(error is IOException or SocketException, $"{error}");
    }

    public void Dispose() => _replica.Dispose();

    private static int Port(TcpListener listener) => ((IPEndPoint)listener.LocalEndpoint).Port;

    private async Task ExchangeAsync(NetworkStream client)
    {
        await using var server = new NetworkStream(await _replica.AcceptSocketAsync(Cancelled), ownsSocket: true);
        await client.WriteAsync("\0 no HTTP\r\n"u8.ToArray(), Cancelled);
        client.Socket.Shutdown(SocketShutdown.Send);
        Assert.Equal("\0 no HTTP\r\n", await ReadAsync(server));

        await server.WriteAsync("and back"u8.ToArray(), Cancelled);
        server.Socket.Shutdown(SocketShutdown.Send);
        Assert.Equal("and back", await ReadAsync(client));
    }

    private async Task<IngressServer> StartAsync(params int[] replicas)
    {
        var entrance = new Entrance { Cleartext = _port, IsTcp = true };
        foreach (var replica in replicas) entrance.Targets.Add(new Uri($"http://127.0.0.1:{replica}"));
        var ingress = new IngressServer([entrance], FreePorts.Take());
        await ingress.StartAsync(Cancelled);
        return ingress;
    }

    private async Task<NetworkStream> ConnectAsync()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, _port, Cancelled);
        return new NetworkStream(socket, ownsSocket: true);
    }

    /// <summary>Until the other side has sent its last.</summary>
    private static async Task<string> ReadAsync(NetworkStream from)
    {
        using var bytes = new MemoryStream();
        await from.CopyToAsync(bytes, Cancelled).WaitAsync(TimeSpan.FromSeconds(5), Cancelled);
        return Encoding.Latin1.GetString(bytes.ToArray());
    }
}
