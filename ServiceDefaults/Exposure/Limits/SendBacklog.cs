using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Options;

namespace Topology.ServiceDefaults.Exposure.Limits;

/// <summary>Holds every connection to <see cref="ExposureLimits.UnsentBytes"/>, where the system can (Linux and macOS).</summary>
/// <remarks>
/// <c>TCP_NOTSENT_LOWAT</c> bounds what waits unsent and leaves alone what is on its way, so that a fast client on a long
/// line loses nothing. A bound on the whole send buffer (<c>SO_SNDBUF</c>) would hold that client back.
/// </remarks>
internal sealed class SendBacklog(IOptions<ExposureLimits> limits) : IConfigureOptions<SocketTransportOptions>
{
    private const int TcpLevel = 6;

    // linux/tcp.h and netinet/tcp.h; .NET has no name for it.
    private static readonly int? NotSentLowWater = OperatingSystem.IsLinux() ? 25 : OperatingSystem.IsMacOS() ? 0x201 : null;

    public void Configure(SocketTransportOptions options)
    {
        if (NotSentLowWater is not { } option || limits.Value.UnsentBytes <= 0) return;
        var create = options.CreateBoundListenSocket;
        options.CreateBoundListenSocket = endpoint =>
        {
            var socket = create(endpoint);
            // What a listening socket is set to, the connections it accepts have from the start.
            if (endpoint is IPEndPoint) socket.SetRawSocketOption(TcpLevel, option, BitConverter.GetBytes(limits.Value.UnsentBytes));
            return socket;
        };
    }
}
