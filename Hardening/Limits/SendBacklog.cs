using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Options;

namespace Topology.Hardening.Limits;

/// <summary>Holds every connection to <see cref="PublicLimits.UnsentBytes"/>, where the system does (Linux).</summary>
/// <remarks>
/// <c>TCP_NOTSENT_LOWAT</c> bounds what waits unsent and leaves alone what is on its way, so that a fast client on a long
/// line loses nothing. A bound on the whole send buffer (<c>SO_SNDBUF</c>) would hold that client back.
/// </remarks>
internal sealed class SendBacklog(IOptions<PublicLimits> limits) : IConfigureOptions<SocketTransportOptions>
{
    private const int TcpLevel = 6;

    private const int NotSentLowWater = 25; // linux/tcp.h; .NET has no name for it. macOS has the option for waiting only.

    public void Configure(SocketTransportOptions options)
    {
        if (!OperatingSystem.IsLinux() || limits.Value.UnsentBytes <= 0) return;
        var create = options.CreateBoundListenSocket;
        options.CreateBoundListenSocket = endpoint =>
        {
            var socket = create(endpoint);
            // What a listening socket is set to, the connections it accepts have from the start.
            if (endpoint is IPEndPoint)
            {
                socket.SetRawSocketOption(TcpLevel, NotSentLowWater, BitConverter.GetBytes(limits.Value.UnsentBytes));
            }
            return socket;
        };
    }
}
