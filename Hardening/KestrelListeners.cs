using System.Globalization;
using System.Net;
using System.Net.Quic;
using System.Security.Authentication;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;
using Topology.Hardening.Certificates;
using Topology.Hardening.Limits;
using Topology.Hardening.Listeners;
using Topology.Hardening.Strictness;

namespace Topology.Hardening;

/// <summary>
/// Opens the listeners in <c>Topology:Listeners</c> (name → port; 0 takes any free port) and no others. If none is configured, Kestrel
/// does not start. It would otherwise listen on <c>ASPNETCORE_HTTP_PORTS</c> or <c>ASPNETCORE_URLS</c>, in public and without the
/// limits and checks of a public listener.
/// </summary>
/// <remarks>
/// HTTP/3 uses the UDP port of the same number. On Linux the QUIC library opens that port on every address, and refuses connections
/// to an address that is not the listener's.
/// </remarks>
internal sealed class KestrelListeners(
    IConfiguration configuration, ServerCertificates certificates, ConnectionLimits connections, IOptions<PublicLimits> limits)
    : IConfigureOptions<KestrelServerOptions>
{
    private const string AddressKey = "Topology:ListenAddress";

    public void Configure(KestrelServerOptions options)
    {
        var listeners = ListenerConfiguration.Read(configuration);
        if (listeners.Count == 0)
        {
            throw new InvalidOperationException(
                $"{ListenerConfiguration.Section} is empty. Set a port for at least one listener, such as "
                    + $"{ListenerConfiguration.Section}:{Listener.Http.Name}=8080 ({ListenerConfiguration.Names}).");
        }

        if (configuration.GetSection("Kestrel:Endpoints").GetChildren().FirstOrDefault() is { } other)
        {
            throw new InvalidOperationException(
                $"{other.Path} would be public without the limits of a public listener. Set its port in {ListenerConfiguration.Section} "
                + "instead.");
        }

        foreach (var (listener, port) in listeners)
        {
            Bind(options, port, endpoint => Configure(endpoint, listener));
        }
    }

    private void Bind(KestrelServerOptions options, int port, Action<ListenOptions> configure)
    {
        var address = configuration[AddressKey];
        if (string.IsNullOrEmpty(address) || address == "localhost")
        {
            // The system cannot choose one free port for both loopback addresses.
            if (port == 0) options.Listen(IPAddress.Loopback, port, configure);
            else options.ListenLocalhost(port, configure);
        }
        else if (address == "*")
        {
            options.ListenAnyIP(port, configure);
        }
        else if (IPAddress.TryParse(address, out var ip))
        {
            options.Listen(ip, port, configure);
        }
        else
        {
            throw new InvalidOperationException($"{AddressKey} is \"{address}\". Set it to localhost, * or an IP address.");
        }
    }

    private void Configure(ListenOptions endpoint, Listener listener)
    {
        // The Alt-Svc header announces HTTP/3 on the TCP port's number. With port 0 that number is not known yet, so HTTP/3 is off.
        var canHttp3 = QuicListener.IsSupported && endpoint.IPEndPoint is not { Port: 0 };
        endpoint.Protocols = canHttp3 ? listener.Protocols : listener.Protocols & ~HttpProtocols.Http3;
        var feature = new ListenerFeature(listener);
        endpoint.Use(next => connection =>
        {
            connection.Features.Set(feature);
            return next(connection);
        });
        ((IMultiplexedConnectionBuilder)endpoint).Use(next => connection =>
        {
            connection.Features.Set(feature);
            return next(connection);
        });

        if (listener.IsPublic) connections.Guard(endpoint, listener.IsBehindIngress);
        if (listener is { IsTls: true, IsPublic: true })
        {
            _ = certificates.Public.Current; // A missing certificate stops the start instead of failing the first handshake.
            endpoint.UseHttps(new TlsHandshakeCallbackOptions
            {
                HandshakeTimeout = limits.Value.HandshakeTimeout,
                OnConnection = hello => new(certificates.Public.Current.OptionsFor(hello.ClientHelloInfo.ServerName)),
            });
        }
        else if (listener.IsTls)
        {
            _ = certificates.Internal.Current;
            endpoint.UseHttps(https =>
            {
                https.HandshakeTimeout = limits.Value.HandshakeTimeout;
                https.SslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13;
                https.ServerCertificateSelector = (_, _) => certificates.Internal.Current;
                https.ClientCertificateMode = ClientCertificateMode.RequireCertificate;
                https.ClientCertificateValidation = (client, _, _) => certificates.AcceptsClient(client);
            });
        }

        if (listener.IsPublic && listener.Protocols.HasFlag(HttpProtocols.Http1) && configuration.GetValue(StrictHttp1.Key, true))
        {
            endpoint.UseStrictHttp1();
        }
    }
}
