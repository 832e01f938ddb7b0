using System.Collections.Frozen;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Extensions;
using Microsoft.AspNetCore.Http.Features;
using Topology.Hardening.Certificates;
using Yarp.ReverseProxy.Forwarder;

namespace Topology.Ingress;

/// <summary>
/// Stands in for Azure Container Apps' Envoy. It terminates TLS, redirects external cleartext requests to HTTPS, balances
/// replicas in turn, and sets Envoy's forwarded headers.
/// </summary>
internal sealed class IngressServer : IAsyncDisposable
{
    // As in Container Apps, a request may be idle for four minutes.
    private static readonly TimeSpan IdleTimeout = TimeSpan.FromMinutes(4);

    private static readonly ForwarderRequestConfig Http1 = Request(HttpVersion.Version11);
    private static readonly ForwarderRequestConfig Http2 = Request(HttpVersion.Version20);

    private readonly FrozenDictionary<int, IngressPort> _ports;
    private readonly EnvoyHeaders _headers = new();
    private readonly HttpMessageInvoker _client = CreateClient();
    private readonly WebApplication _app;
    private readonly IHttpForwarder _forwarder;

    /// <param name="entrances">The entrances to open.</param>
    /// <param name="healthPort">The port of <c>GET /health</c>.</param>
    public IngressServer(IReadOnlyList<Entrance> entrances, int healthPort)
    {
        _ports = entrances.Where(entrance => !entrance.IsTcp).SelectMany(IngressPort.Of).ToFrozenDictionary(port => port.Number);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.AddFilter("Microsoft", LogLevel.Warning).AddFilter("Yarp", LogLevel.Warning);
        builder.WebHost.UseKestrelHttpsConfiguration().ConfigureKestrel(options =>
        {
            options.ListenLocalhost(healthPort);
            options.ListenAsEnvoy(
                _ports.Values, builder.Configuration.GetSection(CertificateOptions.Section).Get<CertificateOptions>() ?? new());
            foreach (var entrance in entrances.Where(entrance => entrance.IsTcp))
            {
                var relay = new PortRelay(new IngressReplicas([.. entrance.Targets]));
                options.ListenLocalhost(entrance.Cleartext, listen => listen.Run(relay.RelayAsync));
            }
        });
        builder.Services.AddHttpForwarder();
        _app = builder.Build();
        _app.Run(HandleAsync);
        _forwarder = _app.Services.GetRequiredService<IHttpForwarder>();
    }

    /// <summary>Completes once the server listens.</summary>
    public Task StartAsync(CancellationToken cancellationToken) => _app.StartAsync(cancellationToken);

    /// <summary>Runs until stopped.</summary>
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
        // The ingress does not take part in traces. It forwards the client's trace headers unchanged.
        ActivityHeadersPropagator = null,
        ConnectTimeout = TimeSpan.FromSeconds(5),
        // Shorter than the services' keep-alive timeout of 130 s, so that only this side closes idle connections.
        PooledConnectionIdleTimeout = TimeSpan.FromSeconds(60),
        RequestHeaderEncodingSelector = (_, _) => Encoding.Latin1,
        ResponseHeaderEncodingSelector = (_, _) => Encoding.Latin1,
    });

    private async Task HandleAsync(HttpContext context)
    {
        // A port that is not in _ports is the health port.
        if (!_ports.TryGetValue(context.Connection.LocalPort, out var port)) return;
        if (port.RedirectTo is { } httpsPort)
        {
            context.Response.StatusCode = StatusCodes.Status301MovedPermanently;
            context.Response.Headers.Location = UriHelper.BuildAbsolute(
                "https", new HostString(context.Request.Host.Host, httpsPort), default, context.Request.Path, context.Request.QueryString);
            return;
        }

        // The ingress does not support WebSockets for a resource to which it uses HTTP/2.
        if (port.Http2 && IsUpgrade(context))
        {
            await RefuseAsync(context, "this resource's transport is http2, which the platform does not use for WebSockets");
        }
        else await ForwardAsync(context, port);
    }

    /// <summary>Forwards to the first replica that accepts the connection. The other replicas received nothing, so this is safe.</summary>
    private async Task ForwardAsync(HttpContext context, IngressPort port)
    {
        foreach (var replica in port.Replicas.Next())
        {
            await _forwarder.SendAsync(context, replica.GetLeftPart(UriPartial.Authority), _client, port.Http2 ? Http2 : Http1, _headers);
            if (context.GetForwarderErrorFeature()?.Exception is not HttpRequestException { InnerException: SocketException }
                || context.Response.HasStarted)
            {
                return;
            }
            context.Features.Set<IForwarderErrorFeature>(null);
            context.Response.Clear();
        }

        await RefuseAsync(context, "no healthy upstream");
    }

    private static bool IsUpgrade(HttpContext context) =>
        context.Features.Get<IHttpUpgradeFeature>() is { IsUpgradableRequest: true }
            || context.Features.Get<IHttpExtendedConnectFeature>() is { IsExtendedConnect: true };

    private static Task RefuseAsync(HttpContext context, string reason)
    {
        context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        context.Response.ContentType = "text/plain";
        return context.Response.WriteAsync(reason, context.RequestAborted);
    }
}
