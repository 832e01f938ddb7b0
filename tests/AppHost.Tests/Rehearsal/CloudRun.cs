using System.Net;
using System.Net.Sockets;
using Topology.AppHost.Tests.Infrastructure;

namespace Topology.AppHost.Tests.Rehearsal;

/// <summary>The classes that rehearse a manifest, one after the other: a topology is much for a small machine.</summary>
[CollectionDefinition(Name)]
public sealed class Rehearsals
{
    public const string Name = "rehearsals";
}

/// <summary>A cloud's manifest under Aspire, behind the stand-in for the platform's ingress.</summary>
/// <param name="committed">Which manifest.</param>
/// <param name="telling">Services that tell who asks, so that it is seen what they believe; in the cloud none of them does.</param>
public abstract class PlatformRun(string committed, params string[] telling) : IAsyncLifetime
{
    private readonly ManifestFile _manifest = new(committed);
    private TopologyProcess? _host;

    /// <summary>Where clients of the tests come from: an address that no hop inside has, so that it can be told from theirs.</summary>
    public static IPAddress Client { get; } = OperatingSystem.IsLinux() ? IPAddress.Parse("127.0.0.2") : IPAddress.Loopback;

    public TopologyProcess Host => _host!;

    public Uri Edge => Host.Url("edge", "https");

    public virtual async ValueTask InitializeAsync()
    {
        foreach (var service in telling) _manifest.Change(service, "/env/Topology__WhoAmI", "true");
        _host = await TopologyProcess.StartAsync($"--Topology:Manifest={_manifest.File}", "--Topology:Replicas:catalog=2");
    }

    /// <summary>A client outside, which trusts the stand-in's certificate.</summary>
    public static SocketsHttpHandler Handler()
    {
        var handler = Infrastructure.Lab.Handler();
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

    public virtual async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (_host is not null) await _host.DisposeAsync();
        _manifest.Dispose();
    }
}

/// <summary>As it is meant to be: only the edge is exposed.</summary>
public sealed class CloudRun() : PlatformRun("cloud.json", "catalog");

/// <summary>For measuring: the backends are exposed beside the edge.</summary>
public sealed class CloudBothRun() : PlatformRun("cloud-both.json", "catalog");
