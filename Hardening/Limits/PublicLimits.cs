namespace Topology.Hardening.Limits;

/// <summary>
/// Every limit of the public listeners, in the configuration section <c>Topology:Limits</c>: what it is, why, and what
/// Envoy (its edge recommendations where it has some, else its default) and nginx (its default) have in its place.
/// Limits of Kestrel hold for internal listeners as well, because the server has one set of them.
/// </summary>
public sealed class PublicLimits
{
    /// <summary>The configuration section.</summary>
    public const string Section = "Topology:Limits";

    /// <summary>
    /// The request line, in bytes: method, target and version. Longer targets belong into a body.
    /// Envoy: counts in the headers' 60 KiB. nginx: 8 KiB (<c>large_client_header_buffers</c>).
    /// </summary>
    public int RequestLineBytes { get; set; } = 8 * 1024;

    /// <summary>
    /// All header fields together, in bytes: room for cookies and a token, and the most that a stranger can make a
    /// connection keep before a request exists. Envoy: 60 KiB. nginx: 32 KiB (4 × 8 KiB).
    /// </summary>
    public int HeaderBytes { get; set; } = 32 * 1024;

    /// <summary>The number of header fields: each costs more than its bytes. Envoy: 100. nginx: no limit.</summary>
    public int HeaderFields { get; set; } = 100;

    /// <summary>Room on internal listeners for the fields that a proxy adds: forwarded headers, the path, the trace's context.</summary>
    public const int ProxyHeaderFields = 16;

    /// <summary>The parts into which a client of HTTP/2 or HTTP/3 may split its cookie, which counts as one field.</summary>
    public const int CookieParts = 512;

    /// <summary>Room on internal listeners for those fields, in bytes.</summary>
    public const int ProxyHeaderBytes = 4 * 1024;

    /// <summary>
    /// A request body where a route says nothing else, in bytes. Envoy: no limit, only a buffer. nginx: 1 MiB
    /// (<c>client_max_body_size</c>).
    /// </summary>
    public long BodyBytes { get; set; } = 1024 * 1024;

    /// <summary>
    /// From a request's first byte to its head's last: against slow headers. Envoy: off
    /// (<c>request_headers_timeout</c>). nginx: 60 s (<c>client_header_timeout</c>).
    /// </summary>
    public TimeSpan HeaderTimeout { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>
    /// The lowest rate of a request body in bytes per second, after <see cref="RateGrace"/>: against slow bodies. A rate
    /// counts over the whole body, so that one byte now and then does not do. Envoy: only the stream's idle timeout,
    /// 5 min. nginx: 60 s between two reads (<c>client_body_timeout</c>).
    /// </summary>
    public double RequestBytesPerSecond { get; set; } = 240;

    /// <summary>
    /// The lowest rate at which a client must take an answer, in bytes per second: against slow reads, which hold the
    /// answer's buffers. Envoy: the stream's idle timeout, 5 min. nginx: 60 s between two writes (<c>send_timeout</c>).
    /// </summary>
    public double ResponseBytesPerSecond { get; set; } = 1024;

    /// <summary>How long either rate may be lower, in the beginning. Envoy and nginx: nothing of the kind.</summary>
    public TimeSpan RateGrace { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// What of an answer may wait in the system for a connection to take it, in bytes, besides what is on its way (Linux); 0 for
    /// no limit. Without one the system takes megabytes for each client that does not read, and some hundred of those
    /// use up the memory that all the machine's connections share. Envoy: none. nginx: none; the system's own setting
    /// (<c>net.ipv4.tcp_notsent_lowat</c>) has none either.
    /// </summary>
    public int UnsentBytes { get; set; } = 256 * 1024;

    /// <summary>
    /// How long a connection may be idle between requests. Longer than a proxy in front keeps its own (60 s in this
    /// edge, and in nginx upstreams), so that the side which sends the next request is the side which closes; otherwise
    /// the two meet, and a request fails for no reason of its own. Envoy: 1 h. nginx: 75 s (<c>keepalive_timeout</c>).
    /// </summary>
    public TimeSpan KeepAlive { get; set; } = TimeSpan.FromSeconds(130);

    /// <summary>
    /// For a TLS handshake over TCP; QUIC has 10 s of its own. Envoy: off (<c>transport_socket_connect_timeout</c>). nginx: 60 s, as for
    /// headers.
    /// </summary>
    public TimeSpan HandshakeTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Open connections on each public listener; the ones above are closed at once, over TCP before any TLS. An idle one
    /// costs about 10 KiB, with TLS 50 KiB (of which OpenSSL's are 20), and a file descriptor, of which the process must have more than
    /// this; over QUIC about 60 KiB and none. Internal listeners do not count: health checks get through when the public side is full.
    /// Envoy: none until set (<c>max_active_downstream_connections</c>). nginx: 512 a worker (<c>worker_connections</c>).
    /// </summary>
    public int Connections { get; set; } = 16_384;

    /// <summary>
    /// Open connections from one client (<see cref="ClientNetwork"/>), over all public listeners. A browser opens 6; an
    /// office behind one address opens more. Envoy: none. nginx: none until set (<c>limit_conn</c>).
    /// </summary>
    public int ConnectionsPerClient { get; set; } = 256;

    /// <summary>
    /// Requests of one connection that may be broken off within 10 s, by the client or because of what it does; above that
    /// the connection ends. Envoy: 500, if they are half of its requests (<c>premature_reset_total_stream_count</c>). nginx:
    /// none of its own.
    /// </summary>
    public int ResetsPerConnection { get; set; } = 100;

    /// <summary>
    /// How long a connection takes new requests, give or take a tenth: a client that comes again finds a new certificate, and
    /// another replica. Envoy: none until set (<c>max_connection_duration</c>). nginx: 1 h (<c>keepalive_time</c>).
    /// </summary>
    public TimeSpan ConnectionAge { get; set; } = TimeSpan.FromHours(1);

    /// <summary>
    /// Open streams: events, WebSockets, gRPC, downloads and uploads. Each takes about 50 KiB at an edge. Envoy: 1,024
    /// requests to an upstream (circuit breaker). nginx: counts as connections.
    /// </summary>
    public int Streams { get; set; } = 4_096;

    /// <summary>Open streams of one client, over all of its connections. Envoy: none. nginx: none until set (<c>limit_conn</c>).</summary>
    public int StreamsPerClient { get; set; } = 100;

    /// <summary>WebSockets among the streams, over every version of HTTP. Envoy: none. nginx: counts as connections.</summary>
    public int UpgradedConnections { get; set; } = 2_048;

    /// <summary>
    /// How old a stream may become; its client opens it anew. Envoy: none until set (<c>max_stream_duration</c>). nginx: none.
    /// </summary>
    public TimeSpan StreamAge { get; set; } = TimeSpan.FromHours(24);

    /// <summary>
    /// What all answers together may hold while they wait for their clients, in bytes; above that the one that has waited
    /// longest is aborted. Envoy: none until set (<c>reset_high_memory_stream</c>). nginx: files.
    /// </summary>
    public long WaitingBytes { get; set; } = 128L * 1024 * 1024;

    /// <summary>
    /// How long a client may need for the next 64 KiB of an answer. Envoy: 5 min (the stream's idle timeout). nginx: 60 s
    /// (<c>send_timeout</c>).
    /// </summary>
    public TimeSpan AnswerStall { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Concurrent streams of an HTTP/2 connection. Envoy: 100. nginx: 128.</summary>
    public int Http2Streams { get; set; } = 100;

    /// <summary>
    /// What an HTTP/2 stream may send before it is read, in bytes: what one slow reader can make the server keep.
    /// Envoy: 64 KiB. nginx: 64 KiB (<c>http2_body_preread_size</c>). Larger here, as uploads are a workload.
    /// </summary>
    public int Http2StreamWindow { get; set; } = 256 * 1024;

    /// <summary>
    /// The same for a whole connection, which so bounds its streams together; and for one of HTTP/1.1. Envoy: 1 MiB. nginx: none.
    /// </summary>
    public int Http2ConnectionWindow { get; set; } = 512 * 1024;

    /// <summary>
    /// What the edge takes of an upstream's answer before the client does, in bytes for each request: what one slow reader
    /// can make an edge keep. Enough for 1 Gbit/s at 1 ms to the upstream. Without a limit the HTTP client goes up to
    /// 16 MiB. Envoy: 1 MiB for each connection (<c>per_connection_buffer_limit_bytes</c>). nginx: 64 KiB
    /// (<c>proxy_buffers</c>) and then a file of up to 1 GiB.
    /// </summary>
    public int UpstreamStreamWindow { get; set; } = 128 * 1024;

    /// <summary>HPACK's table, in bytes, kept for each connection. Envoy: 4 KiB. nginx: 4 KiB.</summary>
    public int Http2HeaderTable { get; set; } = 4 * 1024;

    /// <summary>
    /// One header field of HTTP/2 or HTTP/3, in bytes, uncompressed: as much as all of them, because HTTP/1.1 has no limit for one.
    /// Were it less, an edge could not pass on what it has taken, and the broken connection would count against the
    /// replica: one client could send all of them away. Envoy: counts in the headers' 60 KiB. nginx: 8 KiB.
    /// </summary>
    public int Http2HeaderFieldBytes { get; set; } = 32 * 1024;

    /// <summary>
    /// When a silent HTTP/2 connection or WebSocket is pinged, to find out which are dead; the ping has <see cref="Http2PingTimeout"/>.
    /// Envoy: off (<c>connection_keepalive</c>). nginx: none.
    /// </summary>
    public TimeSpan Http2PingDelay { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>For the answer to a ping.</summary>
    public TimeSpan Http2PingTimeout { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>
    /// Clients that are not counted one by one: addresses and networks, separated by semicolons, or <c>none</c>. In
    /// Development it is loopback unless set, because there the load generator, every proxy and every browser are one
    /// address; elsewhere nobody. Limits that hold for all together hold for these too.
    /// </summary>
    public string? UncountedClients { get; set; }

    /// <summary>
    /// Requests per second of one client, in the long run. Envoy: none until set (<c>local_ratelimit</c>). nginx: none
    /// until set (<c>limit_req</c>).
    /// </summary>
    public int RequestsPerSecond { get; set; } = 200;

    /// <summary>
    /// Requests that one client may make at once before <see cref="RequestsPerSecond"/> counts: a page and all that is on it.
    /// </summary>
    public int RequestBurst { get; set; } = 400;

    /// <summary>
    /// How many clients the rate limit tells apart, whatever addresses come: they are spread over this many buckets, at
    /// about 400 bytes each. Beyond, two clients may share one. nginx: about 16,000 for each MiB of a zone.
    /// </summary>
    public int RememberedClients { get; set; } = 16_384;

    /// <summary>
    /// Requests in progress on public listeners; streams (events, sockets, gRPC, large bodies) do not count, as waiting
    /// costs them nothing. Envoy: 1,024 to an upstream (circuit breaker). nginx: none.
    /// </summary>
    public int ConcurrentRequests { get; set; } = 1_024;

    /// <summary>Requests that wait for one in progress to end. Short: who waits long has left. Envoy: 1,024. nginx: none.</summary>
    public int QueuedRequests { get; set; } = 128;

    /// <summary>For a request on a route that says nothing else. Envoy: 15 s. nginx: 60 s (<c>proxy_read_timeout</c>).</summary>
    public TimeSpan RequestTimeout { get; set; } = TimeSpan.FromSeconds(30);
}
