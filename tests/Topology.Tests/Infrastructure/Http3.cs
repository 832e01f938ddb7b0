using System.Net;
using System.Net.Quic;
using System.Net.Security;
using Topology.Hardening.Certificates;

namespace Topology.Tests.Infrastructure;

/// <summary>HTTP/3 needs QUIC, which not every machine supports.</summary>
public static class Http3
{
    /// <summary>Skips the test if QUIC is not supported.</summary>
    public static void Require() =>
        Assert.SkipUnless(
            QuicListener.IsSupported,
            "QUIC is not supported here; on Linux, install Microsoft's package libmsquic; Windows has it since Windows 11 and Server "
            + "2022.");

    /// <summary>A client that uses HTTP/3 or fails.</summary>
    /// <param name="address">The listener.</param>
    /// <param name="handler">
    /// The handler with the trusted authorities; the default trusts the public authority of the services in this process.
    /// </param>
    public static HttpClient Client(Uri address, SocketsHttpHandler? handler = null) => new(handler ?? ServiceHost.Handler())
    {
        BaseAddress = address,
        DefaultRequestVersion = HttpVersion.Version30,
        DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        Timeout = TimeSpan.FromSeconds(30),
    };

    /// <summary>The error code with which a server immediately closes a new connection, or null if it accepts the connection.</summary>
    public static async Task<long?> RefusalAsync(Uri address, CancellationToken cancellationToken)
    {
        if (!QuicConnection.IsSupported) throw new PlatformNotSupportedException();
        await using var connection = await QuicConnection.ConnectAsync(
            new()
            {
                RemoteEndPoint = new IPEndPoint(IPAddress.Parse(address.Host), address.Port),
                MaxInboundUnidirectionalStreams = 3,
                DefaultCloseErrorCode = 0x100, // H3_NO_ERROR
                DefaultStreamErrorCode = 0x10c, // H3_REQUEST_CANCELLED
                ClientAuthenticationOptions = new()
                {
                    TargetHost = "localhost",
                    ApplicationProtocols = [SslApplicationProtocol.Http3],
                    CertificateChainPolicy = ServiceHost.Trust(LocalAuthorities.Public),
                },
            },
            cancellationToken);
        try
        {
            // A server that accepts the connection opens its control stream.
            await (await connection.AcceptInboundStreamAsync(cancellationToken)).DisposeAsync();
            return null;
        }
        catch (QuicException ended)
        {
            return ended.ApplicationErrorCode;
        }
    }

    /// <summary>A request that uses only HTTP/3. A client's default version does not apply to request messages.</summary>
    public static HttpRequestMessage Message(HttpMethod method, string path) =>
        new(method, path) { Version = HttpVersion.Version30, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
}
