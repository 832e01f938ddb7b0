using System.Net;
using System.Net.Sockets;
using Topology.Tests.EndToEnd;
using Topology.Tests.Infrastructure;

namespace Topology.Tests.Publishing;

/// <summary>A cloud's manifest, running as processes behind the stand-in for the platform's ingress.</summary>
public abstract class PlatformRun(string committed) : IAsyncLifetime
{
    private readonly ManifestFile _manifest = new(committed);
    private ManifestHostProcess? _host;

    /// <summary>Where clients of the tests come from: an address that no hop inside has, so that it can be told from theirs.</summary>
    public static IPAddress Client { get; } = OperatingSystem.IsLinux() ? IPAddress.Parse("127.0.0.2") : IPAddress.Loopback;

    public ManifestHostProcess Host => _host!;

    public Uri Edge => Host.Url("edge", "https");

    public async ValueTask InitializeAsync()
    {
        // What the backends believe is seen by asking one of them; in the cloud none of them tells.
        _manifest.Change("catalog", "/env/Topology__WhoAmI", "true");
        _host = await ManifestHostProcess.StartAsync(["--manifest", _manifest.File, "--dynamic-ports", "--no-dashboard", "--no-build", "--replicas", "catalog=2"], TimeSpan.FromMinutes(2));
    }

    /// <summary>A client outside, which trusts the stand-in's certificate.</summary>
    public static SocketsHttpHandler Handler()
    {
        var handler = Lab.Handler();
        handler.ConnectCallback = async (context, cancellation) =>
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                socket.Bind(new IPEndPoint(Client, 0));
                await socket.ConnectAsync(IPAddress.Loopback, context.DnsEndPoint.Port, cancellation);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        };
        return handler;
    }

    public HttpClient Outside(Version? version = null) => new(Handler())
    {
        BaseAddress = Edge,
        DefaultRequestVersion = version ?? HttpVersion.Version20,
        DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
    };

    public async ValueTask DisposeAsync()
    {
        if (_host is not null) await _host.DisposeAsync();
        _manifest.Dispose();
        GC.SuppressFinalize(this);
    }
}

/// <summary>As it is meant to be: only the edge is exposed.</summary>
public sealed class CloudRun() : PlatformRun("cloud.json");

/// <summary>For measuring: the backends are exposed beside the edge.</summary>
public sealed class CloudBothRun() : PlatformRun("cloud-both.json");
