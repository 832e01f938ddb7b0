using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Topology.Hardening.Certificates;
using Topology.Hardening.Listeners;

namespace Topology.Tests.Infrastructure;

/// <summary>One service of the topology in this process: its own Program, with real Kestrel sockets and free ports.</summary>
public sealed class ServiceHost : IAsyncDisposable
{
    private readonly IAsyncDisposable _factory;
    private readonly Dictionary<string, Uri> _urls;
    private readonly List<HttpClient> _clients = [];

    private ServiceHost(IAsyncDisposable factory, IServiceProvider services, Dictionary<string, Uri> urls) =>
        (_factory, Services, _urls) = (factory, services, urls);

    public IServiceProvider Services { get; }

    /// <summary>The folder of the local authorities, shared by all hosts of a test run.</summary>
    public static string CertificateDirectory { get; } = Directory.CreateTempSubdirectory("topology-certificates-").FullName;

    /// <summary>Starts the service whose assembly contains <typeparamref name="TMarker"/>, with every listener.</summary>
    public static ServiceHost Start<TMarker>(params IEnumerable<(string Key, string Value)> settings) where TMarker : class
    {
        var listeners = Listener.All;
        var ports = FreePorts.Take(listeners.Count);
        var factory = new WebApplicationFactory<TMarker>().WithWebHostBuilder(builder =>
        {
            builder.UseEnvironment("Development");
            builder.UseSetting("Logging:LogLevel:Microsoft.Hosting", "Warning");
            foreach (var (listener, port) in listeners.Zip(ports)) builder.UseSetting($"Topology:Listeners:{listener.Name}", $"{port}");
            builder.UseSetting("Topology:Certificates:Directory", CertificateDirectory);
            builder.UseSetting("Topology:Certificates:AllowedClients:0", "edge;orders;nginx;apache;haproxy");
            foreach (var (key, value) in settings) builder.UseSetting(key, value);
        });
        factory.UseKestrel();
        factory.StartServer();
        return new(factory, factory.Services, listeners.Zip(ports).ToDictionary(
            pair => pair.First.Name, pair => new Uri($"{(pair.First.IsTls ? "https" : "http")}://localhost:{pair.Second}")));
    }

    public Uri Url(string listener) => _urls[listener];

    /// <summary>A client of one listener, with the listener's protocol. It follows no redirects and trusts the public authority.</summary>
    public HttpClient Client(string listener = "http")
    {
        var client = new HttpClient(Handler()) { BaseAddress = Url(listener), Timeout = TimeSpan.FromSeconds(30) };
        if (listener == "internal-h2")
        {
            client.DefaultRequestVersion = HttpVersion.Version20;
            client.DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact;
        }

        _clients.Add(client);
        return client;
    }

    /// <summary>A client that speaks HTTP/2 only, for any listener with TLS.</summary>
    public static HttpClient Http2Client() => new(Handler())
    {
        DefaultRequestVersion = HttpVersion.Version20,
        DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
    };

    public static SocketsHttpHandler Handler() => new()
    {
        AllowAutoRedirect = false,
        UseProxy = false,
        UseCookies = false,
        SslOptions = { CertificateChainPolicy = Trust(LocalAuthorities.Public) },
    };

    /// <summary>Like <see cref="Handler"/>, for HTTP/1.1 with a Host that differs from the TLS server name.</summary>
    public static SocketsHttpHandler HandlerOfAnyHost()
    {
        var handler = Handler();
        handler.ConnectCallback = async (context, cancellationToken) =>
        {
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            await socket.ConnectAsync(context.DnsEndPoint, cancellationToken);
            Stream stream = new NetworkStream(socket, ownsSocket: true);
            if (context.InitialRequestMessage.RequestUri!.Scheme != Uri.UriSchemeHttps) return stream;
            var tls = new SslStream(stream);
            await tls.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions
                {
                    TargetHost = "localhost",
                    ApplicationProtocols = [SslApplicationProtocol.Http11],
                    CertificateChainPolicy = Trust(LocalAuthorities.Public)
                }, cancellationToken);
            return tls;
        };
        return handler;
    }

    public static System.Security.Cryptography.X509Certificates.X509ChainPolicy Trust(string authority)
    {
        var policy = new System.Security.Cryptography.X509Certificates.X509ChainPolicy
        {
            TrustMode = System.Security.Cryptography.X509Certificates.X509ChainTrustMode.CustomRootTrust,
            RevocationMode = System.Security.Cryptography.X509Certificates.X509RevocationMode.NoCheck,
        };
        policy.CustomTrustStore.AddRange(new LocalAuthority(CertificateDirectory, authority, TimeProvider.System).Trusted());
        return policy;
    }

    /// <summary>Settings with which a service finds another one: <c>services:{name}:{listener}:{index}</c>.</summary>
    public static IEnumerable<(string, string)> Discovery(string name, params ServiceHost[] replicas) =>
        from replica in replicas.Index()
        from listener in Listener.All
        select ($"services:{name}:{listener.Name}:{replica.Index}", replica.Item.Url(listener.Name).GetLeftPart(UriPartial.Authority));

    public async ValueTask DisposeAsync()
    {
        _clients.ForEach(client => client.Dispose());
        await _factory.DisposeAsync();
    }
}
