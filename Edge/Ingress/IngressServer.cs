using System.Collections.Frozen;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Extensions;
using Microsoft.AspNetCore.Http.Features;
using Yarp.ReverseProxy.Forwarder;

namespace Topology.Ingress;

/// <summary>
/// Stands in for the Envoy that Azure Container Apps puts in front of every resource: TLS ends here, cleartext requests from
/// outside are sent to HTTPS, replicas take turns, and the forwarded headers are those that Envoy sets.
/// </summary>
internal sealed class IngressServer : IAsyncDisposable
{
    // As there, a request may pause for four minutes.
    private static readonly TimeSpan IdleTimeout = TimeSpan.FromMinutes(4);

    private static readonly ForwarderRequestConfig Http1 = Request(HttpVersion.Version11);
    private static readonly ForwarderRequestConfig Http2 = Request(HttpVersion.Version20);

    private readonly FrozenDictionary<int, IngressPort> _ports;
    private readonly EnvoyHeaders _headers = new();
    private readonly HttpMessageInvoker _client = CreateClient();
    private readonly WebApplication _app;
    private readonly IHttpForwarder _forwarder;

    /// <param name="entrances">What it opens.</param>
    /// <param name="healthPort">Where <c>GET /health</c> answers that it is up.</param>
    public IngressServer(IReadOnlyList<Entrance> entrances, int healthPort)
    {
        _ports = entrances.Where(entrance => !entrance.IsTcp).SelectMany(IngressPort.Of).ToFrozenDictionary(port => port.Number);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.AddFilter("Microsoft", LogLevel.Warning).AddFilter("Yarp", LogLevel.Warning);
        builder.WebHost.UseKestrelHttpsConfiguration().ConfigureKestrel(options =>
        {
            options.ListenLocalhost(healthPort);
            options.ListenAsEnvoy(_ports.Values, builder.Configuration["Topology:Certificates:Directory"]);
            foreach (var entrance in entrances.Where(entrance => entrance.IsTcp))
            {
                var relay = new PortRelay(new RoundRobin([.. entrance.Targets]));
                options.ListenLocalhost(entrance.Cleartext, listen => listen.Run(relay.RelayAsync));
            }
        });
        builder.Services.AddHttpForwarder();
        _app = builder.Build();
        _app.Run(HandleAsync);
        _forwarder = _app.Services.GetRequiredService<IHttpForwarder>();
    }

    /// <summary>Returns once it listens.</summary>
    public Task StartAsync(CancellationToken cancellationToken) => _app.StartAsync(cancellationToken);

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
        if (port.Http2 && IsUpgrade(context))
        {
            await RefuseAsync(context, "this resource's transport is http2, which the platform does not use for WebSockets");
        }
        else await ForwardAsync(context, port);
    }

    /// <summary>A replica that does not take the connection has seen nothing of the request, so the next one may have it.</summary>
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
