using System.Text;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Options;

namespace Topology.Hardening.Limits;

/// <summary>Hands <see cref="PublicLimits"/> to the server.</summary>
/// <remarks>
/// Against HTTP/2 rapid reset (CVE-2023-44487) the server counts streams that a client has reset and that still run: at
/// twice the stream limit it refuses new ones, and after repeating itself ends the connection with ENHANCE_YOUR_CALM.
/// CONTINUATION floods end at the header limits. Neither can be configured, nor has to be.
/// Of HTTP/3, the streams of a connection (100) and what each may send before it is read (1 MiB) are the server's
/// defaults: its options for them are in preview.
/// </remarks>
internal sealed class KestrelLimits(IOptions<PublicLimits> limits) : IConfigureOptions<KestrelServerOptions>
{
    public void Configure(KestrelServerOptions options)
    {
        options.AddServerHeader = false;

        var ours = limits.Value;
        var server = options.Limits;
        // A proxy adds fields to a request that is at the limit already; the public's own limits are held by the gate.
        server.MaxRequestHeadersTotalSize = ours.HeaderBytes + PublicLimits.ProxyHeaderBytes;
        // Kestrel resets a stream of HTTP/2 whose target is too long, without an answer; so it takes what the head may be, and the
        // gate answers 414. It counts each part of a cookie that HTTP/2 may split (RFC 9113 section 8.2.3); the gate, the cookie.
        server.MaxRequestLineSize = Math.Max(ours.RequestLineBytes, server.MaxRequestHeadersTotalSize);
        server.MaxRequestHeaderCount = ours.HeaderFields + PublicLimits.ProxyHeaderFields + PublicLimits.CookieParts;
        server.MaxRequestBodySize = ours.BodyBytes;
        server.RequestHeadersTimeout = ours.HeaderTimeout;
        server.KeepAliveTimeout = ours.KeepAlive;
        server.MinRequestBodyDataRate = new(ours.RequestBytesPerSecond, ours.RateGrace);
        server.MinResponseDataRate = new(ours.ResponseBytesPerSecond, ours.RateGrace);
        server.MaxRequestBufferSize = ours.Http2ConnectionWindow;
        server.Http2.MaxStreamsPerConnection = ours.Http2Streams;
        server.Http2.InitialStreamWindowSize = ours.Http2StreamWindow;
        server.Http2.InitialConnectionWindowSize = ours.Http2ConnectionWindow;
        server.Http2.HeaderTableSize = ours.Http2HeaderTable;
        server.Http2.MaxRequestHeaderFieldSize = ours.Http2HeaderFieldBytes;
        server.Http3.MaxRequestHeaderFieldSize = ours.Http2HeaderFieldBytes;
        server.Http2.KeepAlivePingDelay = ours.Http2PingDelay;
        server.Http2.KeepAlivePingTimeout = ours.Http2PingTimeout;

        // Field values are opaque bytes (RFC 9110 section 5.5). As Latin-1 each byte is a character and stays itself on
        // the way through a proxy; as UTF-8, which is the default, one that is not would be lost or refused.
        options.RequestHeaderEncodingSelector = _ => Encoding.Latin1;
        options.ResponseHeaderEncodingSelector = _ => Encoding.Latin1;
    }
}
