using System.Collections.Frozen;
using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Extensions;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Topology.ServiceDefaults.Certificates;
using Yarp.ReverseProxy.Forwarder;

namespace Topology.Ingress;

/// <summary>
/// Stands in for the Envoy that Azure Container Apps puts in front of every resource: TLS ends here, cleartext requests from
/// outside are sent to HTTPS, replicas take turns, and the forwarded headers are those that Envoy sets.
/// </summary>
internal sealed class IngressServer : IAsyncDisposable
{
    // As there: a request may pause for four minutes, and its header may be 60 KiB in 100 fields.
    private static readonly TimeSpan IdleTimeout = TimeSpan.FromMinutes(4);
    private const int HeaderBytes = 60 * 1024;
    private const int HeaderFields = 100;

    private static readonly ForwarderRequestConfig Http1 = Request(HttpVersion.Version11);
    private static readonly ForwarderRequestConfig Http2 = Request(HttpVersion.Version20);

    private readonly FrozenDictionary<int, Port> _ports;
    private readonly (int Port, PortRelay Relay)[] _relays;
    private readonly EnvoyHeaders _headers = new();
    private readonly HttpMessageInvoker _client = CreateClient();
    private readonly WebApplication _app;
    private readonly IHttpForwarder _forwarder;
    private readonly int _healthPort;

    /// <param name="entrances">What it opens.</param>
    /// <param name="healthPort">Where <c>GET /health</c> answers that it is up.</param>
    public IngressServer(IReadOnlyList<Entrance> entrances, int healthPort)
    {
        _healthPort = healthPort;
        _ports = entrances.Where(entrance => !entrance.IsTcp).SelectMany(Ports).ToFrozenDictionary(port => port.Number);
        _relays = [.. entrances.Where(entrance => entrance.IsTcp).Select(entrance => (entrance.Cleartext, new PortRelay(new([.. entrance.Targets]))))];

        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.AddFilter("Microsoft", LogLevel.Warning).AddFilter("Yarp", LogLevel.Warning);
        builder.WebHost.UseKestrelHttpsConfiguration().ConfigureKestrel(options => Configure(options, builder.Configuration));
        builder.Services.AddHttpForwarder();
        _app = builder.Build();
        _app.Run(HandleAsync);
        _forwarder = _app.Services.GetRequiredService<IHttpForwarder>();
    }

    /// <summary>Runs until it is asked to stop.</summary>
    public Task RunAsync() => _app.RunAsync();

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _client.Dispose();
    }

    private static ForwarderRequestConfig Request(Version version) => new()
    {
        ActivityTimeout = IdleTimeout,
        Version = version,
        VersionPolicy = HttpVersionPolicy.RequestVersionExact,
    };

    private static HttpMessageInvoker CreateClient() => new(new SocketsHttpHandler
    {
        UseProxy = false,
        UseCookies = false,
        AllowAutoRedirect = false,
        AutomaticDecompression = DecompressionMethods.None,
        EnableMultipleHttp2Connections = true,
        // It is no part of traces: what the client sent passes.
        ActivityHeadersPropagator = null,
        ConnectTimeout = TimeSpan.FromSeconds(5),
        // Less than the 130 s for which the services keep a connection, so that only this side ends an idle one.
        PooledConnectionIdleTimeout = TimeSpan.FromSeconds(60),
        RequestHeaderEncodingSelector = (_, _) => Encoding.Latin1,
        ResponseHeaderEncodingSelector = (_, _) => Encoding.Latin1,
    });

    private static IEnumerable<Port> Ports(Entrance entrance)
    {
        var replicas = new RoundRobin([.. entrance.Targets]);
        yield return new Port(entrance.Cleartext, IsTls: false, entrance.Http2, entrance.RedirectsToTls ? entrance.Tls : null, replicas);
        if (entrance.Tls is { } tls) yield return new Port(tls, IsTls: true, entrance.Http2, RedirectTo: null, replicas);
    }

    private void Configure(KestrelServerOptions options, ConfigurationManager configuration)
    {
        var certificate = new Rotating<X509Certificate2>(
            () => new LocalAuthority(LocalAuthorities.Root(configuration["Topology:Certificates:Directory"]), LocalAuthorities.Public, TimeProvider.System)
                .GetLeaf("ingress", LocalAuthorities.PublicNames),
            TimeProvider.System);

        options.AddServerHeader = false;
        options.RequestHeaderEncodingSelector = _ => Encoding.Latin1;
        options.ResponseHeaderEncodingSelector = _ => Encoding.Latin1;
        options.Limits.MaxRequestHeadersTotalSize = HeaderBytes;
        options.Limits.MaxRequestHeaderCount = HeaderFields;
        // What is too large or too slow is for the resource to say.
        options.Limits.MaxRequestBodySize = null;
        options.Limits.MinRequestBodyDataRate = null;
        options.Limits.MinResponseDataRate = null;
        options.ListenLocalhost(_healthPort);
        foreach (var (port, relay) in _relays) options.ListenLocalhost(port, listen => listen.Run(relay.RelayAsync));
        foreach (var port in _ports.Values)
        {
            options.ListenLocalhost(port.Number, listen =>
            {
                // Without TLS nothing negotiates the version, so a port has one.
                listen.Protocols = port.IsTls ? HttpProtocols.Http1AndHttp2 : port.Http2 ? HttpProtocols.Http2 : HttpProtocols.Http1;
                if (!port.IsTls) return;
                _ = certificate.Current; // A certificate that is missing stops the start, not the first handshake.
                listen.UseHttps(https =>
                {
                    https.SslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13;
                    https.ServerCertificateSelector = (_, _) => certificate.Current;
                });
            });
        }
    }

    private async Task HandleAsync(HttpContext context)
    {
        // Any other port is the one for health.
        if (!_ports.TryGetValue(context.Connection.LocalPort, out var port)) return;
        if (port.RedirectTo is { } httpsPort)
        {
            context.Response.StatusCode = StatusCodes.Status301MovedPermanently;
            context.Response.Headers.Location = UriHelper.BuildAbsolute(
                "https", new HostString(context.Request.Host.Host, httpsPort), default, context.Request.Path, context.Request.QueryString);
            return;
        }

        // An ingress that speaks HTTP/2 to its containers has no WebSockets there.
        if (port.Http2 && IsUpgrade(context)) await RefuseAsync(context, "this resource's transport is http2, which the platform does not use for WebSockets");
        else await ForwardAsync(context, port);
    }

    /// <summary>A replica that does not take the connection has seen nothing of the request, so the next one may have it.</summary>
    private async Task ForwardAsync(HttpContext context, Port port)
    {
        foreach (var replica in port.Replicas.Next())
        {
            await _forwarder.SendAsync(context, replica.GetLeftPart(UriPartial.Authority), _client, port.Http2 ? Http2 : Http1, _headers);
            if (context.GetForwarderErrorFeature()?.Exception is not HttpRequestException { InnerException: SocketException } || context.Response.HasStarted) return;
            context.Features.Set<IForwarderErrorFeature>(null);
        }

        await RefuseAsync(context, "no healthy upstream");
    }

    private static bool IsUpgrade(HttpContext context) =>
        context.Features.Get<IHttpUpgradeFeature>() is { IsUpgradableRequest: true } || context.Features.Get<IHttpExtendedConnectFeature>() is { IsExtendedConnect: true };

    private static Task RefuseAsync(HttpContext context, string reason)
    {
        context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        context.Response.ContentType = "text/plain";
        return context.Response.WriteAsync(reason, context.RequestAborted);
    }

    /// <summary>A port of the ingress.</summary>
    /// <param name="Http2">What the replicas speak.</param>
    /// <param name="RedirectTo">The port of HTTPS, where clients have to use that.</param>
    private sealed record Port(int Number, bool IsTls, bool Http2, int? RedirectTo, RoundRobin Replicas);
}
