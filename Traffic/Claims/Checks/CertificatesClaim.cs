using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Topology.Claims.Lab;

namespace Topology.Claims.Checks;

/// <summary>Which process needs which certificate.</summary>
public sealed class CertificatesClaim : Claim
{
    /// <inheritdoc />
    public override string Id => "certificates";

    /// <inheritdoc />
    public override string Sentence =>
        "Only the reverse proxy needs a certificate for the public name. It can reach the applications over plain HTTP, or over HTTPS "
            + "with certificates from a local authority.";

    /// <inheritdoc />
    public override string Method =>
        "Checked the certificate of every TLS listener against both authorities: the public one, which clients trust, and the "
            + "internal one. Sent requests without a client certificate to each internal TLS listener. Checked which internal listener "
            + "each edge and proxy uses. Behind a platform's ingress, checked its certificate, and whether any process uses TLS.";

    /// <inheritdoc />
    public override async Task CheckAsync(ClaimLab lab, Evidence evidence, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(lab);
        ArgumentNullException.ThrowIfNull(evidence);
        if (lab.IsCloud)
        {
            await CheckBehindIngressAsync(lab, evidence, cancellationToken);
            return;
        }

        var proxied = 0;
        foreach (var proxy in lab.ProxyKinds)
        {
            using var shown = await CertificateAsync(lab.Url(proxy, "https"), cancellationToken);
            if (proxy == "edge" && lab.Authorities.IsPublic(shown)) proxied++;
            evidence.Expect(
                lab.Authorities.IsPublic(shown)
                && !lab.Authorities.IsInternal(shown), $"{proxy} presents {shown.Subject}, issued by {Authority(lab, shown)}");
        }

        var (inside, trusted, open) = (new List<string>(), new List<string>(), new List<string>());
        foreach (var backend in lab.Backends)
        {
            var address = lab.Url(backend.Name, "internal-tls");
            using var certificate = await CertificateAsync(address, cancellationToken);
            if (lab.Authorities.IsPublic(certificate)) proxied++;
            if (lab.Authorities.IsPublic(certificate) || !lab.Authorities.IsInternal(certificate))
            {
                trusted.Add($"{backend.Name}: {Authority(lab, certificate)}");
            }
            else inside.Add(backend.Name);
            if (await AnswersWithoutCertificateAsync(address, backend.Service(), cancellationToken)) open.Add(backend.Name);
        }

        evidence.Expect(trusted.Count == 0 && inside.Count > 0, trusted.Count == 0
            ? $"internally, {string.Join(", ", inside)} present certificates of the internal authority, which public clients do not trust"
            : $"not issued by the internal authority alone: {string.Join(", ", trusted)}");
        evidence.Expect(
            open.Count == 0, open.Count == 0 ? "none of them answers a client without a certificate from that authority"
            : $"these answer without a client certificate: {string.Join(", ", open)}");

        var direct = 0;
        foreach (var backend in lab.Backends.Where(backend => backend.Urls.ContainsKey("https")))
        {
            using var certificate = await CertificateAsync(lab.Url(backend.Name, "https"), cancellationToken);
            if (lab.Authorities.IsPublic(certificate)) direct++;
        }

        evidence.Expect(
            proxied == 1
            && direct > proxied,
            $"processes that present a certificate of the public authority: {proxied} with the edge, {direct} edge-direct");

        foreach (var proxy in lab.Proxies)
        {
            await ExpectListenerAsync(
                proxy.Name, proxy.Name switch { "edge" => "internal-h2", "edge-tls" => "internal-tls", _ => "internal" });
        }

        async Task ExpectListenerAsync(string proxy, string listener)
        {
            using var caller = lab.Call(lab.Url(proxy, "https"));
            var answer = await caller.WhoAmIAsync("/catalog/whoami", cancellationToken);
            evidence.Expect(answer.Listener == listener, $"through {proxy} requests arrive on {answer.Listener}");
        }
    }

    /// <summary>If TLS ends in front of the edge, no process holds a certificate, not even the edge.</summary>
    private static async Task CheckBehindIngressAsync(ClaimLab lab, Evidence evidence, CancellationToken cancellationToken)
    {
        var entrance = lab.Entrance("edge");
        using var shown = await CertificateAsync(entrance, cancellationToken);
        evidence.Expect(
            lab.Authorities.IsPublic(shown)
            && !lab.Authorities.IsInternal(shown),
            $"the ingress in front of the edge presents {shown.Subject}, issued by {Authority(lab, shown)}");

        var (plain, secured, silent) = (new List<string>(), new List<string>(), new List<string>());
        foreach (var resource in lab.State.Resources)
        {
            foreach (var (name, address) in resource.Listeners
                ?? throw new InvalidOperationException($"the listeners of {resource.Name} are not known"))
            {
                var listener = $"{resource.Name} on {name}";
                if (await SpeaksTlsAsync(address, cancellationToken)) secured.Add(listener);
                else if (await AnswersInCleartextAsync(lab, address, name, cancellationToken)) plain.Add(listener);
                else silent.Add(listener);
            }
        }

        evidence.Expect(
            secured.Count == 0, secured.Count == 0 ? "no process behind it presents a certificate"
            : $"these present certificates: {string.Join(", ", secured)}");
        evidence.Expect(silent.Count == 0 && plain.Count > 0, silent.Count == 0
            ? $"all of their {plain.Count} listeners answer in plain HTTP: {string.Join(", ", plain)}"
            : $"no plain HTTP response from {string.Join(", ", silent)}");
    }

    private static async Task<bool> SpeaksTlsAsync(Uri address, CancellationToken cancellationToken)
    {
        try
        {
            (await CertificateAsync(address, cancellationToken)).Dispose();
            return true;
        }
        catch (Exception exception) when (exception is IOException or System.Security.Authentication.AuthenticationException)
        {
            return false;
        }
    }

    private static async Task<bool> AnswersInCleartextAsync(ClaimLab lab, Uri address, string listener, CancellationToken cancellationToken)
    {
        using var caller = lab.Call(address);
        try
        {
            await caller.SendAsync(
                "/", cancellationToken, version: listener == "internal-h2" ? HttpVersion.Version20 : HttpVersion.Version11);
            return true;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private static string Authority(ClaimLab lab, X509Certificate2 certificate) =>
        (lab.Authorities.IsPublic(certificate), lab.Authorities.IsInternal(certificate)) switch
        {
            (true, false) => "the public authority",
            (false, true) => "the internal authority",
            (true, true) => "both authorities",
            _ => "neither authority",
        };

    private static async Task<X509Certificate2> CertificateAsync(Uri address, CancellationToken cancellationToken)
    {
        X509Certificate2? shown = null;
        await using var tls = new SslStream(await Caller.ConnectAsync(address.Port, null, cancellationToken));
        await tls.AuthenticateAsClientAsync(Options("localhost", certificate => shown = certificate), cancellationToken);
        return shown ?? throw new InvalidOperationException($"{address.Authority} presents no certificate");
    }

    private static async Task<bool> AnswersWithoutCertificateAsync(Uri address, string service, CancellationToken cancellationToken)
    {
        try
        {
            await using var tls = new SslStream(await Caller.ConnectAsync(address.Port, null, cancellationToken));
            await tls.AuthenticateAsClientAsync(Options(service, _ => { }), cancellationToken);
            // In TLS 1.3 the server rejects the client only after the client has finished its handshake.
            await tls.WriteAsync(
                Encoding.ASCII.GetBytes($"GET /{service}/whoami HTTP/1.1\r\nHost: {service}\r\nConnection: close\r\n\r\n"),
                cancellationToken);
            return await tls.ReadAsync(new byte[1], cancellationToken) > 0;
        }
        catch (Exception exception) when (exception is IOException or System.Security.Authentication.AuthenticationException)
        {
            return false;
        }
    }

    private static SslClientAuthenticationOptions Options(string name, Action<X509Certificate2> take) => new()
    {
        TargetHost = name,
#pragma warning disable CA5359 // The certificate is only inspected, and nothing confidential is sent.
        RemoteCertificateValidationCallback = (_, certificate, _, _) =>
        {
            if (certificate is not null) take(X509CertificateLoader.LoadCertificate(certificate.GetRawCertData()));
            return true;
        },
#pragma warning restore CA5359
    };
}
