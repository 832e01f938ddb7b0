namespace Topology.Hardening.Limits;

/// <summary>
/// Every limit of the public listeners, in the configuration section <c>Topology:Limits</c>: its value, its reason, and the corresponding
/// limit of Envoy (its edge recommendation, otherwise its default) and nginx (its default). Kestrel's own limits also apply to internal
/// listeners, because the server has only one set.
/// </summary>
public sealed class PublicLimits
{
    /// <summary>The configuration section.</summary>
    public const string Section = "Topology:Limits";

    /// <summary>
    /// The request line in bytes: method, target and version. Longer data belongs in a body. Envoy: part of the headers' 60 KiB. nginx: 8
    /// KiB (<c>large_client_header_buffers</c>).
    /// </summary>
    public int RequestLineBytes { get; set; } = 8 * 1024;

    /// <summary>
    /// The size of all header fields together, in bytes. It leaves room for cookies and a token, and limits the memory of a connection
    /// before its request is complete. Envoy: 60 KiB. nginx: 32 KiB (4 × 8 KiB).
    /// </summary>
    public int HeaderBytes { get; set; } = 32 * 1024;

    /// <summary>The number of header fields, because each costs more than its bytes. Envoy: 100. nginx: no limit.</summary>
    public int HeaderFields { get; set; } = 100;

    /// <summary>Extra fields on internal listeners for what a proxy adds: forwarded headers, path and trace context.</summary>
    public const int ProxyHeaderFields = 16;

    /// <summary>
    /// The maximum number of parts into which an HTTP/2 or HTTP/3 client may split its cookie. Together they count as one field.
    /// </summary>
    public const int CookieParts = 512;

    /// <summary>Extra bytes on internal listeners for the fields that a proxy adds.</summary>
    public const int ProxyHeaderBytes = 4 * 1024;

    /// <summary>
    /// The request body in bytes, unless the route sets another limit. Envoy: no limit, only a buffer. nginx: 1 MiB
    /// (<c>client_max_body_size</c>).
    /// </summary>
    public long BodyBytes { get; set; } = 1024 * 1024;

    /// <summary>
    /// The time from a request's first byte to the end of its head. It protects against clients that send headers slowly. Envoy: off
    /// (<c>request_headers_timeout</c>). nginx: 60 s (<c>client_header_timeout</c>).
    /// </summary>
    public TimeSpan HeaderTimeout { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>
    /// The minimum rate of a request body in bytes per second, averaged over the whole body, after <see cref="RateGrace"/>. It ends
    /// requests whose bodies are sent slowly on purpose: a byte now and then does not keep them open. Envoy has only the stream's idle
    /// timeout, 5 min. nginx: 60 s between two reads (<c>client_body_timeout</c>).
    /// </summary>
    public double RequestBytesPerSecond { get; set; } = 240;

    /// <summary>
    /// The minimum rate at which a client must read a response, in bytes per second. It ends slow reads, which occupy buffers. Envoy: the
    /// stream's idle timeout, 5 min. nginx: 60 s between two writes (<c>send_timeout</c>).
    /// </summary>
    public double ResponseBytesPerSecond { get; set; } = 1024;

    /// <summary>
    /// How long a request body or a response may be slower than its minimum rate at the start. Envoy and nginx: no equivalent.
    /// </summary>
    public TimeSpan RateGrace { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// The response bytes per connection that may wait unsent in the system, besides those in flight (Linux); 0 for no limit. Without a
    /// limit, the system buffers megabytes for each client that does not read. A few hundred such clients use up the memory that all
    /// connections share. Envoy and nginx: no limit. The system's own setting (<c>net.ipv4.tcp_notsent_lowat</c>) sets no limit either.
    /// </summary>
    public int UnsentBytes { get; set; } = 256 * 1024;

    /// <summary>
    /// How long a connection may be idle between requests. It is longer than the idle timeout of a proxy in front (60 s in this edge, and
    /// in nginx upstreams), so that the proxy closes idle connections. If this server closed one while the proxy was sending a request, the
    /// request would fail. Envoy: 1 h. nginx: 75 s (<c>keepalive_timeout</c>).
    /// </summary>
    public TimeSpan KeepAlive { get; set; } = TimeSpan.FromSeconds(130);

    /// <summary>
    /// The time for a TLS handshake over TCP; QUIC has its own limit of 10 s. Envoy: off (<c>transport_socket_connect_timeout</c>). nginx:
    /// 60 s, as for headers.
    /// </summary>
    public TimeSpan HandshakeTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Open connections per public listener. Connections above the limit are closed immediately, over TCP before any TLS. An idle one costs
    /// about 10 KiB, with TLS 50 KiB (20 of them in OpenSSL), and a file descriptor; the process needs more descriptors than this limit.
    /// Over QUIC it costs about 60 KiB and no descriptor. Internal listeners do not count, so health checks still work when the public side
    /// is full. Envoy: none until set (<c>max_active_downstream_connections</c>). nginx: 512 per worker (<c>worker_connections</c>).
    /// </summary>
    public int Connections { get; set; } = 16_384;

    /// <summary>
    /// Open connections per client (<see cref="ClientNetwork"/>), over all public listeners. A browser opens 6; an office behind one
    /// address opens more. Envoy: none. nginx: none until set (<c>limit_conn</c>).
    /// </summary>
    public int ConnectionsPerClient { get; set; } = 256;

    /// <summary>
    /// The maximum number of requests on one connection that end early within 10 s. A request ends early if the client aborts it, or if the
    /// server aborts it because of the client's error. Above the limit, the connection closes. Envoy: 500, and only if at least half of the
    /// connection's requests ended early (<c>premature_reset_total_stream_count</c>). nginx has no separate limit.
    /// </summary>
    public int ResetsPerConnection { get; set; } = 100;

    /// <summary>
    /// How long a connection accepts new requests, plus or minus a tenth. A client that reconnects gets a new certificate and another
    /// replica. Envoy: none until set (<c>max_connection_duration</c>). nginx: 1 h (<c>keepalive_time</c>).
    /// </summary>
    public TimeSpan ConnectionAge { get; set; } = TimeSpan.FromHours(1);

    /// <summary>
    /// The most open streams: events, WebSockets, gRPC, downloads and uploads. Each costs about 50 KiB at an edge. Envoy: 1,024 requests
    /// to an upstream (circuit breaker). nginx: no limit of its own; each stream counts as a connection.
    /// </summary>
    public int Streams { get; set; } = 4_096;

    /// <summary>Open streams per client, over all its connections. Envoy: none. nginx: none until set (<c>limit_conn</c>).</summary>
    public int StreamsPerClient { get; set; } = 100;

    /// <summary>
    /// How many of the streams may be WebSockets, over all HTTP versions. Envoy: none. nginx: WebSockets count as connections.
    /// </summary>
    public int UpgradedConnections { get; set; } = 2_048;

    /// <summary>
    /// The maximum age of a stream; the client then reopens it. Envoy: none until set (<c>max_stream_duration</c>). nginx: none.
    /// </summary>
    public TimeSpan StreamAge { get; set; } = TimeSpan.FromHours(24);

    /// <summary>
    /// The bytes that all responses together may hold while they wait for their clients. Above that, the longest-waiting response is
    /// aborted. Envoy: none until set (<c>reset_high_memory_stream</c>). nginx: waiting responses go to files.
    /// </summary>
    public long WaitingBytes { get; set; } = 128L * 1024 * 1024;

    /// <summary>
    /// How long a client may take for the next 64 KiB of a response. Envoy: 5 min (the stream's idle timeout). nginx: 60 s
    /// (<c>send_timeout</c>).
    /// </summary>
    public TimeSpan AnswerStall { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Concurrent streams per HTTP/2 connection. Envoy: 100. nginx: 128.</summary>
    public int Http2Streams { get; set; } = 100;

    /// <summary>
    /// The bytes that a client may send on an HTTP/2 stream before the server reads them. One unread upload can hold this much memory.
    /// Envoy: 64 KiB. nginx: 64 KiB (<c>http2_body_preread_size</c>). Larger here, because uploads are a workload.
    /// </summary>
    public int Http2StreamWindow { get; set; } = 256 * 1024;

    /// <summary>
    /// The bytes that a client may send on an HTTP/2 connection (all its streams together) or an HTTP/1.1 connection before the server
    /// reads them. Envoy: 1 MiB. nginx: none.
    /// </summary>
    public int Http2ConnectionWindow { get; set; } = 512 * 1024;

    /// <summary>
    /// The bytes per request that the edge may read from an upstream before the client reads them. One slow reader can hold this much
    /// memory at an edge. The default is enough for 1 Gbit/s at 1 ms to the upstream. Without a limit the HTTP client reads up to 16 MiB
    /// ahead. Envoy: 1 MiB per connection (<c>per_connection_buffer_limit_bytes</c>). nginx: 64 KiB (<c>proxy_buffers</c>) and then a file
    /// of up to 1 GiB.
    /// </summary>
    public int UpstreamStreamWindow { get; set; } = 128 * 1024;

    /// <summary>The HPACK table per connection, in bytes. Envoy: 4 KiB. nginx: 4 KiB.</summary>
    public int Http2HeaderTable { get; set; } = 4 * 1024;

    /// <summary>
    /// The maximum size of one HTTP/2 or HTTP/3 header field in bytes, uncompressed. It equals the limit of all fields together, because
    /// HTTP/1.1 has no limit per field. With a lower limit, an edge could accept a field that it cannot forward. The failed connection
    /// would count against the replica, so one client could take all replicas out of use. Envoy: part of the headers' 60 KiB. nginx: 8 KiB.
    /// </summary>
    public int Http2HeaderFieldBytes { get; set; } = 32 * 1024;

    /// <summary>
    /// The idle time after which an HTTP/2 connection or WebSocket is pinged, to find dead ones. The response must arrive within <see
    /// cref="Http2PingTimeout"/>. Envoy: off (<c>connection_keepalive</c>). nginx: none.
    /// </summary>
    public TimeSpan Http2PingDelay { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>The time for the response to a ping.</summary>
    public TimeSpan Http2PingTimeout { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>
    /// Clients without limits per client: addresses and networks, separated by semicolons, or <c>none</c>. In Development the default is
    /// loopback, because the load generator, every proxy and every browser share that address; elsewhere it is none. Limits on totals still
    /// apply to these clients.
    /// </summary>
    public string? UncountedClients { get; set; }

    /// <summary>
    /// Average requests per second of one client. Envoy: none until set (<c>local_ratelimit</c>). nginx: none until set (<c>limit_req</c>).
    /// </summary>
    public int RequestsPerSecond { get; set; } = 200;

    /// <summary>
    /// Requests that one client may send in a burst before <see cref="RequestsPerSecond"/> applies: a page and everything on it.
    /// </summary>
    public int RequestBurst { get; set; } = 400;

    /// <summary>
    /// The number of buckets of the rate limit, at about 400 bytes each. Each client address is assigned to one bucket, so two clients may
    /// share a bucket. nginx: about 16,000 for each MiB of a zone.
    /// </summary>
    public int RememberedClients { get; set; } = 16_384;

    /// <summary>
    /// Requests in progress on public listeners. Streams (events, sockets, gRPC, large bodies) do not count, because they mostly wait; <see
    /// cref="Streams"/> limits them. Envoy: 1,024 to an upstream (circuit breaker). nginx: none.
    /// </summary>
    public int ConcurrentRequests { get; set; } = 1_024;

    /// <summary>
    /// Requests that wait until another one ends. The queue is short, because a client that has waited long has usually left. Envoy: 1,024.
    /// nginx: none.
    /// </summary>
    public int QueuedRequests { get; set; } = 128;

    /// <summary>The time for a request, unless the route sets another. Envoy: 15 s. nginx: 60 s (<c>proxy_read_timeout</c>).</summary>
    public TimeSpan RequestTimeout { get; set; } = TimeSpan.FromSeconds(30);
}
