using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Options;

namespace Topology.Hardening.Limits;

/// <summary>Applies <see cref="PublicLimits.UnsentBytes"/> to every connection, on Linux.</summary>
/// <remarks>
/// <c>TCP_NOTSENT_LOWAT</c> limits unsent bytes but not bytes in flight, so a fast client on a high-latency connection loses nothing.
/// Limiting the whole send buffer (<c>SO_SNDBUF</c>) would slow that client down.
/// </remarks>
internal sealed class SendBacklog(IOptions<PublicLimits> limits) : IConfigureOptions<SocketTransportOptions>
{
    private const int TcpLevel = 6;

    private const int NotSentLowWater = 25; // From linux/tcp.h; .NET has no name for it. On macOS the option affects polling only.

    public void Configure(SocketTransportOptions options)
    {
        if (!OperatingSystem.IsLinux() || limits.Value.UnsentBytes <= 0) return;
        var create = options.CreateBoundListenSocket;
        options.CreateBoundListenSocket = endpoint =>
        {
            var socket = create(endpoint);
            // Accepted connections inherit the options of the listening socket.
            if (endpoint is IPEndPoint)
            {
                socket.SetRawSocketOption(TcpLevel, NotSentLowWater, BitConverter.GetBytes(limits.Value.UnsentBytes));
            }
            return socket;
        };
    }
}
