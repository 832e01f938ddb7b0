using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Topology.Hardening.Settings;

namespace Topology.Hardening.Certificates;

/// <summary>The public and internal certificates of one service, and the authorities and clients that it trusts internally.</summary>
public sealed partial class ServerCertificates
{
    private readonly CertificateOptions _options;
    private readonly string[] _allowedClients;
    private readonly IHostEnvironment _environment;
    private readonly ILogger _logger;
    private readonly Rotating<X509Certificate2Collection> _trusted;
    private readonly TimeProvider _time;
    private PublicCertificates? _public;
    private LocalAuthority? _internalAuthority;

    /// <summary>Certificates are issued or read on first use, so a service without TLS listeners has none.</summary>
    public ServerCertificates(
        IOptions<CertificateOptions> options, ServiceIdentity identity, IHostEnvironment environment, TimeProvider time,
            ILogger<ServerCertificates> logger)
    {
        _options = options.Value;
        _allowedClients = SettingList.Split(_options.AllowedClients);
        _environment = environment;
        _logger = logger;
        _time = time;
        Public = new(() => _public = PublicCertificates.Of(
            [
                _options.Public is { } files
                    ? Pem.LoadChain(files)
                    : [Authority(LocalAuthorities.Public).GetLeaf(
                        identity.Instance, [.. LocalAuthorities.PublicNames, .. _options.PublicNames])],
                .. _options.Sites.Select(Pem.LoadChain),
            ],
            _public), time, LogKept);
        // Internal callers check the service's name. The certificate of every replica contains it, and no certificate contains an address.
        Internal = new(() => _options.Internal is { } files
            ? Pem.Load(files)
            : Authority(LocalAuthorities.Internal).GetLeaf(
                identity.Instance, identity.Instance == identity.Service ? [identity.Service] : [identity.Service, identity.Instance]),
                time, LogKept);
        _trusted = new(() => _options.InternalAuthority is { } file
            ? ReadAuthority(file)
            : Authority(LocalAuthorities.Internal).Trusted(), time, LogKept);
    }

    /// <summary>The certificates of the public listeners.</summary>
    internal Rotating<PublicCertificates> Public { get; }

    /// <summary>The certificate for internal TLS, as server and as client.</summary>
    public Rotating<X509Certificate2> Internal { get; }

    /// <summary>The local authority that issues the public certificate; null if that certificate is configured.</summary>
    public LocalAuthority? PublicAuthority => _options.Public is null && IsLocalAllowed ? Authority(LocalAuthorities.Public) : null;

    /// <summary>Whether the client certificate is valid, has an allowed name and was issued by the internal authority.</summary>
    public bool AcceptsClient(X509Certificate2 certificate)
    {
        if (Verify(certificate, CertificateChecks.Client) is { } reason)
        {
            LogClientRefused(certificate.Subject, reason);
            return false;
        }

        if (_allowedClients.Any(name => certificate.MatchesHostname(name, allowWildcards: false, allowCommonName: false))) return true;
        LogClientRefused(certificate.Subject, $"its names match no allowed client ({string.Join(", ", _allowedClients)})");
        return false;
    }

    /// <summary>
    /// Sets up TLS to other internal services. The server certificate must come from the internal authority and be issued for the host of
    /// the connection, which is the request's host.
    /// </summary>
    public void Configure(SslClientAuthenticationOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.LocalCertificateSelectionCallback = (_, _, _, _, _) => Internal.Current;
        options.RemoteCertificateValidationCallback = (stream, certificate, _, _) =>
        {
            var service = ((SslStream)stream).TargetHostName;
            var reason = certificate is not X509Certificate2 server ? "it sent no certificate"
                : Verify(server, CertificateChecks.Server)
                ?? (server.MatchesHostname(service, allowWildcards: false, allowCommonName: false) ? null
                    : $"its certificate was issued for another name ({server.Subject})");
            if (reason is not null) LogServerRefused(service, reason);
            return reason is null;
        };
    }

    /// <summary>
    /// Why the certificate is not valid, or null. If the check fails, it is repeated with the newest authorities: an authority may have
    /// been renewed, and the peer may already use a new certificate.
    /// </summary>
    private string? Verify(X509Certificate2 certificate, string usage) =>
        CertificateChecks.Verify(certificate, _trusted.Current, usage, IsRevoked) is null ? null
            : CertificateChecks.Verify(certificate, _trusted.Newest, usage, IsRevoked);

    private bool IsLocalAllowed => LocalAuthorities.AreAllowed(_options, _environment);

    /// <summary>
    /// Whether the local authority revoked the certificate. Not checked for a configured authority: its operator publishes revocations.
    /// </summary>
    private bool IsRevoked(X509Certificate2 certificate) =>
        _options.InternalAuthority is null && (_internalAuthority ??= Authority(LocalAuthorities.Internal)).IsRevoked(certificate);

    private LocalAuthority Authority(string name)
    {
        if (IsLocalAllowed) return LocalAuthorities.Open(_options, name, _time);

        throw new InvalidOperationException(
            $"The environment is {_environment.EnvironmentName}, where no local certificate authority is allowed. "
            + $"Set {CertificateOptions.Section}:Public and :Internal (Certificate and Key, PEM files), or "
            + $"{CertificateOptions.Section}:AllowLocalAuthority=true.");
    }

    private static X509Certificate2Collection ReadAuthority(string file)
    {
        var authority = new X509Certificate2Collection();
        authority.ImportFromPemFile(file);
        return authority;
    }

    [LoggerMessage(
        LogLevel.Error, "A certificate could not be reloaded. The previous one stays in use. The certificate must match its key file.")]
    private partial void LogKept(Exception exception);

    [LoggerMessage(LogLevel.Warning, "The client certificate {Subject} was refused: {Reason}.")]
    private partial void LogClientRefused(string subject, string reason);

    [LoggerMessage(LogLevel.Error, "The connection to {Service} was refused: {Reason}.")]
    private partial void LogServerRefused(string service, string reason);
}
