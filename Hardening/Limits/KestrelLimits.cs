using System.Text;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Options;

namespace Topology.Hardening.Limits;

/// <summary>Applies <see cref="PublicLimits"/> to Kestrel.</summary>
/// <remarks>
/// Against HTTP/2 rapid reset (CVE-2023-44487), Kestrel counts streams that a client has reset but that still run. At twice the stream
/// limit it refuses new streams; if that continues, it closes the connection with ENHANCE_YOUR_CALM. The header limits stop CONTINUATION
/// floods. Neither defence has an option of its own, and neither needs one. For HTTP/3, Kestrel's defaults apply, because its options are
/// in preview: 100 streams per connection, and 1 MiB that a stream may send before it is read.
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
        // If an HTTP/2 target is too long, Kestrel resets the stream and sends no response. Here Kestrel accepts targets up to the header
        // limit, so that PublicGate can answer 414. HTTP/2 may also split a cookie into fields (RFC 9113 section 8.2.3). Kestrel counts
        // every part, but PublicGate counts one cookie, so Kestrel's limit is higher.
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
