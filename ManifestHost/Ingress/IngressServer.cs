using System.Collections.Frozen;
using System.Net;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Extensions;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Topology.ManifestHost.Manifests;
using Topology.ManifestHost.Running;
using Topology.ServiceDefaults.Certificates;
using Yarp.ReverseProxy.Forwarder;

namespace Topology.ManifestHost.Ingress;

/// <summary>
/// Stands in for the Envoy that Azure Container Apps puts in front of every resource: TLS ends here, cleartext requests from
/// outside are sent to HTTPS, requests go round the replicas that run, and the forwarded headers are those that Envoy sets.
/// </summary>
internal sealed class IngressServer : IAsyncDisposable
{
    // As there: a request may pause for four minutes, and its header may be 60 KiB in 100 fields.
    private static readonly TimeSpan IdleTimeout = TimeSpan.FromMinutes(4);
    private const int HeaderBytes = 60 * 1024;
    private const int HeaderFields = 100;

    private static readonly TimeSpan StopPatience = TimeSpan.FromMilliseconds(200);
    private static readonly ForwarderRequestConfig Http1 = Request(HttpVersion.Version11);
    private static readonly ForwarderRequestConfig Http2 = Request(HttpVersion.Version20);

    private readonly FrozenDictionary<int, Door> _doors;
    private readonly (int Port, PortRelay Relay)[] _relays;
    private readonly Func<Replica, bool> _isRunning;
    private readonly EnvoyHeaders _headers = new();
    private readonly HttpMessageInvoker _client = CreateClient();
    private readonly WebApplication _app;
    private readonly IHttpForwarder _forwarder;

    /// <param name="entrances">What it opens.</param>
    /// <param name="port">The port of a binding.</param>
    /// <param name="isRunning">Whether a replica takes requests now.</param>
    public IngressServer(IReadOnlyList<Entrance> entrances, Func<Binding, int> port, Func<Replica, bool> isRunning)
    {
        _isRunning = isRunning;
        _doors = entrances
            .Where(entrance => !entrance.IsTcp)
            .SelectMany(entrance => Doors(entrance, port))
            .ToFrozenDictionary(door => door.Port);
        _relays = [.. entrances.Where(entrance => entrance.IsTcp).Select(entrance => (port(entrance.Cleartext), Relay(Turn(entrance, port))))];

        // Nothing of this process's environment or arguments configures it.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(Configure);
        builder.Services.AddHttpForwarder();
        _app = builder.Build();
        _app.Run(HandleAsync);
        _forwarder = _app.Services.GetRequiredService<IHttpForwarder>();
    }

    public Task StartAsync(CancellationToken cancellation) => _app.StartAsync(cancellation);

    /// <summary>Closes what is open; by then the resources have ended, so nothing is cut that would not be anyway.</summary>
    public async ValueTask DisposeAsync()
    {
        using var patience = new CancellationTokenSource(StopPatience);
        await _app.StopAsync(patience.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
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

    private static IEnumerable<Door> Doors(Entrance entrance, Func<Binding, int> port)
    {
        var turn = Turn(entrance, port);
        foreach (var listener in entrance.Listeners)
        {
            var redirect = listener == entrance.Cleartext && !entrance.AllowsInsecure ? port(entrance.Tls!) : (int?)null;
            yield return new Door(port(listener), listener == entrance.Tls, entrance.Http2, redirect, turn);
        }
    }

    private static RoundRobin Turn(Entrance entrance, Func<Binding, int> port) =>
        new([.. entrance.Targets.Select(target => (target.Replica, ValueResolver.Url(target.Binding with { Scheme = "http" }, port(target.Binding))))]);

    private PortRelay Relay(RoundRobin turn) => new(() => turn.Next(_isRunning) is { } url ? new Uri(url).Port : null);

    private void Configure(KestrelServerOptions options)
    {
        var certificate = new Rotating<X509Certificate2>(
            () => new LocalAuthority(LocalAuthorities.Root(null), LocalAuthorities.Public, TimeProvider.System).GetLeaf("ingress", LocalAuthorities.PublicNames), TimeProvider.System);

        options.AddServerHeader = false;
        options.RequestHeaderEncodingSelector = _ => Encoding.Latin1;
        options.ResponseHeaderEncodingSelector = _ => Encoding.Latin1;
        options.Limits.MaxRequestHeadersTotalSize = HeaderBytes;
        options.Limits.MaxRequestHeaderCount = HeaderFields;
        // What is too large or too slow is for the resource to say.
        options.Limits.MaxRequestBodySize = null;
        options.Limits.MinRequestBodyDataRate = null;
        options.Limits.MinResponseDataRate = null;
        foreach (var (port, relay) in _relays)
            options.ListenLocalhost(port, listen => listen.Run(relay.RelayAsync));
        foreach (var door in _doors.Values)
        {
            options.ListenLocalhost(door.Port, listen =>
            {
                // Without TLS nothing negotiates the version, so a port has one.
                listen.Protocols = door.IsTls ? HttpProtocols.Http1AndHttp2 : door.Http2 ? HttpProtocols.Http2 : HttpProtocols.Http1;
                if (!door.IsTls)
                    return;
                _ = certificate.Current; // One that cannot be had stops the start, not the first handshake.
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
        var door = _doors[context.Connection.LocalPort];
        if (door.RedirectTo is { } httpsPort)
        {
            context.Response.StatusCode = StatusCodes.Status301MovedPermanently;
            context.Response.Headers.Location = UriHelper.BuildAbsolute(
                "https", new HostString(context.Request.Host.Host, httpsPort), default, context.Request.Path, context.Request.QueryString);
            return;
        }

        // An ingress that speaks HTTP/2 to its containers has no WebSockets there.
        if (door.Http2 && IsUpgrade(context))
        {
            await RefuseAsync(context, "this resource's transport is http2, which the platform does not use for WebSockets");
            return;
        }

        if (door.Turn.Next(_isRunning) is not { } destination)
        {
            await RefuseAsync(context, "no healthy upstream");
            return;
        }

        await _forwarder.SendAsync(context, destination, _client, door.Http2 ? Http2 : Http1, _headers);
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
    private sealed record Door(int Port, bool IsTls, bool Http2, int? RedirectTo, RoundRobin Turn);
}
