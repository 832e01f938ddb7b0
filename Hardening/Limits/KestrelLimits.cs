using System.Text;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Options;

namespace Topology.Hardening.Limits;

/// <summary>Applies <see cref="PublicLimits"/> to Kestrel.</summary>
/// <remarks>
/// Against HTTP/2 rapid reset (CVE-2023-44487), Kestrel counts streams that a client has reset but that still run. At twice the stream
/// limit it refuses new streams; if that continues, it closes the connection with ENHANCE_YOUR_CALM. The header limits stop CONTINUATION
/// floods. Neither has an option, and neither needs one. For HTTP/3, the streams per connection (100) and the bytes a stream may send
/// before they are read (1 MiB) are Kestrel's defaults: its options for them are in preview.
/// </remarks>
internal sealed class KestrelLimits(IOptions<PublicLimits> limits) : IConfigureOptions<KestrelServerOptions>
{
    public void Configure(KestrelServerOptions options)
    {
        options.AddServerHeader = false;

        var ours = limits.Value;
        var server = options.Limits;
        // A proxy may add fields to a request that is already at the limit. The gate enforces the public limits.
        server.MaxRequestHeadersTotalSize = ours.HeaderBytes + PublicLimits.ProxyHeaderBytes;
        // Kestrel resets an HTTP/2 stream with an overlong target without a response. So it accepts targets up to the header limit, and the
        // gate answers 414. HTTP/2 may split a cookie (RFC 9113 section 8.2.3): Kestrel counts each part, the gate counts the cookie.
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

        // Field values are opaque bytes (RFC 9110 section 5.5). Latin-1 maps each byte to one character, so values pass a proxy unchanged.
        // With UTF-8, the default, invalid bytes would be lost or refused.
        options.RequestHeaderEncodingSelector = _ => Encoding.Latin1;
        options.ResponseHeaderEncodingSelector = _ => Encoding.Latin1;
    }
}
