using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using Topology.Comparison.Targets;
using Topology.Comparison.Workloads;

namespace Topology.Claims.Lab;

/// <summary>The TLS parameters of a connection.</summary>
/// <param name="Protocol">The TLS version.</param>
/// <param name="Application">The protocol that ALPN negotiated: <c>h3</c>, <c>h2</c> or <c>http/1.1</c>.</param>
/// <param name="Certificate">The server's certificate.</param>
public sealed record Secured(SslProtocols Protocol, string Application, X509Certificate2 Certificate);

/// <summary>A complete response.</summary>
/// <param name="Status">The status code.</param>
/// <param name="Version">The HTTP version of the response.</param>
/// <param name="Headers">Header fields by name, and trailers marked as such.</param>
/// <param name="Body">The body.</param>
/// <param name="Tls">The TLS parameters; null in cleartext.</param>
public sealed record Answer(int Status, Version Version, IReadOnlyList<(string Name, string Value)> Headers, byte[] Body, Secured? Tls)
{
    /// <summary>The body as text.</summary>
    public string Text => Encoding.UTF8.GetString(Body);
}

/// <summary>
/// A client of one listener. It connects to 127.0.0.1 for every host, so host names need no DNS entries. Only HTTP/3 resolves the host. The
/// client neither follows redirects nor retries.
/// </summary>
public sealed class Caller : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private readonly Uri _address;
    private readonly SocketsHttpHandler _handler;
    private readonly HttpClient _client;
    private Secured? _secured;

    /// <summary>Connects on the first request.</summary>
    /// <param name="address">The listener.</param>
    /// <param name="trust">The trusted certificates.</param>
    /// <param name="from">The client's source address; null for the default.</param>
    public Caller(Uri address, PublicTrust trust, IPAddress? from = null)
    {
        ArgumentNullException.ThrowIfNull(trust);
        _address = address;
        _handler = new()
        {
            AllowAutoRedirect = false,
            UseProxy = false,
            UseCookies = false,
            // Trace headers would change the responses that are compared.
            ActivityHeadersPropagator = null,
            ConnectCallback = (context, cancellationToken) => ConnectAsync(context.DnsEndPoint.Port, from, cancellationToken),
            PlaintextStreamFilter = (context, _) =>
            {
                if (context.PlaintextStream is SslStream { RemoteCertificate: X509Certificate2 certificate } tls)
                {
                    _secured = new(tls.SslProtocol, Encoding.ASCII.GetString(tls.NegotiatedApplicationProtocol.Protocol.Span),
                        X509CertificateLoader.LoadCertificate(certificate.RawData));
                }

                return ValueTask.FromResult(context.PlaintextStream);
            },
        };
        if (address?.Scheme == Uri.UriSchemeHttps)
        {
            _handler.SslOptions = trust.Options("localhost");
            _handler.SslOptions.RemoteCertificateValidationCallback = (connection, certificate, _, errors) =>
            {
                // HTTP/3 has no stream filter, and its TLS version is always 1.3.
                if (connection is not SslStream && certificate is not null)
                {
                    _secured = new(SslProtocols.Tls13, "h3", X509CertificateLoader.LoadCertificate(certificate.GetRawCertData()));
                }
                return errors == SslPolicyErrors.None || (AcceptsAnyName && errors == SslPolicyErrors.RemoteCertificateNameMismatch);
            };
        }

        _client = new(_handler) { Timeout = Patience };
    }

    /// <summary>The TLS versions to offer.</summary>
    public SslProtocols Protocols
    {
        get => _handler.SslOptions.EnabledSslProtocols;
        set => _handler.SslOptions.EnabledSslProtocols = value;
    }

    /// <summary>
    /// Accepts a certificate with any name, for requests to hosts that are not served. The public authority must still have issued it.
    /// </summary>
    public bool AcceptsAnyName { get; init; }

    /// <summary>Sends a request and reads the response.</summary>
    /// <param name="path">Path and query.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    /// <param name="method">The method.</param>
    /// <param name="host">The Host; null for the listener's own.</param>
    /// <param name="headers">Additional header fields.</param>
    /// <param name="version">The exact HTTP version.</param>
    /// <param name="content">The body.</param>
    public async Task<Answer> SendAsync(
        string path, CancellationToken cancellationToken, string method = "GET", string? host = null,
        IEnumerable<(string Name, string Value)>? headers = null, Version? version = null, HttpContent? content = null)
    {
        using var message = new HttpRequestMessage(new(method), new Uri(_address, path))
        {
            Version = version ?? HttpVersion.Version11,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = content,
        };
        if (host is not null) message.Headers.Host = host;
        foreach (var (name, value) in headers ?? []) message.Headers.TryAddWithoutValidation(name, value);
        using var response = await _client.SendAsync(message, cancellationToken);
        var body = await response.Content.ReadAsByteArrayAsync(cancellationToken);
        return new(
            (int)response.StatusCode, response.Version,
            [.. from field in response.Headers.Concat(response.Content.Headers).Concat(
                response.TrailingHeaders.Select(trailer => KeyValuePair.Create($"trailer {trailer.Key}", trailer.Value)))
                orderby field.Key
                select (field.Key, string.Join(", ", field.Value))],
            body, _secured);
    }

    /// <summary>Sends a workload's request.</summary>
    /// <param name="request">The request.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    /// <param name="isKeyed">Adds a new <c>Idempotency-Key</c>.</param>
    /// <param name="version">The exact HTTP version.</param>
    public async Task<Answer> SendAsync(
        WorkloadRequest request, CancellationToken cancellationToken, bool isKeyed = false, Version? version = null)
    {
        ArgumentNullException.ThrowIfNull(request);
        var headers = new List<(string, string)>();
        if (isKeyed) headers.Add(("Idempotency-Key", Guid.NewGuid().ToString("N")));
        if (request.ContentType == GrpcWorkload.ContentType) headers.Add(("TE", "trailers"));
        using var content = request.ContentType is { } type
            ? new ReadOnlyMemoryContent(request.Body) { Headers = { ContentType = new(type) } } : null;
        return await SendAsync(request.Path, cancellationToken, request.Method, headers: headers, version: version, content: content);
    }

    /// <summary>Gets <c>whoami</c>: how the service that answers sees the request.</summary>
    /// <exception cref="InvalidOperationException">There is no <c>whoami</c> response.</exception>
    public async Task<WhoAmI> WhoAmIAsync(
        string path, CancellationToken cancellationToken, string? host = null, IEnumerable<(string Name, string Value)>? headers = null)
    {
        var answer = await SendAsync(path, cancellationToken, host: host, headers: headers);
        if (answer.Status != 200) throw new InvalidOperationException($"{_address.Authority} answers {path} with status {answer.Status}");
        return JsonSerializer.Deserialize<WhoAmI>(answer.Body, JsonSerializerOptions.Web)!;
    }

    /// <summary>The status, or 0 without a response.</summary>
    public async Task<int> StatusAsync(
        string path, CancellationToken cancellationToken, string method = "GET", string? host = null, HttpContent? content = null)
    {
        try
        {
            return (await SendAsync(path, cancellationToken, method, host, content: content)).Status;
        }
        catch (HttpRequestException)
        {
            return 0;
        }
    }

    /// <inheritdoc />
    public void Dispose() => _client.Dispose();

    /// <summary>Connects to a port of 127.0.0.1.</summary>
    internal static async ValueTask<Stream> ConnectAsync(int port, IPAddress? from, CancellationToken cancellationToken)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            if (from is not null) socket.Bind(new IPEndPoint(from, 0));
            await socket.ConnectAsync(IPAddress.Loopback, port, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}

/// <summary>How a service sees a request, from its <c>whoami</c> response.</summary>
/// <param name="Instance">The resource that responded.</param>
/// <param name="Scheme">The scheme.</param>
/// <param name="Host">The host.</param>
/// <param name="RemoteAddress">The client's address.</param>
/// <param name="Listener">The listener that accepted the request.</param>
/// <param name="TopologyPath">The path that the request took.</param>
/// <param name="Process">The process id: replicas may share the resource's name.</param>
public sealed record WhoAmI(
    string Instance, string Scheme, string Host, string? RemoteAddress, string Listener, string? TopologyPath, int? Process = null);
