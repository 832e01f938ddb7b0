using System.Net;
using System.Net.Sockets;
using System.Text;
using Topology.ManifestHost.Ingress;
using Topology.ManifestHost.Manifests;
using Topology.ManifestHost.Running;
using Topology.Tests.Infrastructure;

namespace Topology.Tests.Publishing;

/// <summary>A port beside the main ingress passes bytes, whatever they are.</summary>
public sealed class PortRelayTests : IDisposable
{
    private static readonly Platform Platform = new(ManifestReader.Read(Path.Combine(Repository.Find()!.Manifests, "cloud-both.json")), new Dictionary<string, int>());
    private static readonly Entrance Entrance = Platform.Entrances.Single(entrance => entrance is { Resource: "catalog", IsTcp: true });

    private readonly TcpListener _replica = new(IPAddress.Loopback, FreePorts.Take());
    private readonly int _port = FreePorts.Take();

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Bytes_pass_as_they_are_also_after_one_side_has_sent_its_last()
    {
        await using var ingress = await StartAsync(isRunning: true);
        await using var client = await ConnectAsync();
        await using var server = new NetworkStream(await _replica.AcceptSocketAsync(Cancelled), ownsSocket: true);

        await client.WriteAsync("\0 no HTTP\r\n"u8.ToArray(), Cancelled);
        client.Socket.Shutdown(SocketShutdown.Send);
        Assert.Equal("\0 no HTTP\r\n", await ReadAsync(server));

        await server.WriteAsync("and back"u8.ToArray(), Cancelled);
        server.Socket.Shutdown(SocketShutdown.Send);
        Assert.Equal("and back", await ReadAsync(client));
    }

    [Fact]
    public async Task Without_a_replica_that_runs_the_connection_is_broken_off()
    {
        await using var ingress = await StartAsync(isRunning: false);
        var error = await Assert.ThrowsAnyAsync<Exception>(async () =>
        {
            await using var client = await ConnectAsync();
            await ReadAsync(client);
        });
        Assert.True(error is IOException or SocketException, $"{error}");
    }

    public void Dispose() => _replica.Dispose();

    private async Task<IngressServer> StartAsync(bool isRunning)
    {
        _replica.Start();
        var ingress = new IngressServer([Entrance], binding => binding == Entrance.Cleartext ? _port : ((IPEndPoint)_replica.LocalEndpoint).Port, _ => isRunning);
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
