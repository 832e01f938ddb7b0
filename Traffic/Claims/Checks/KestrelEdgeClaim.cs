using System.Net;
using System.Net.Quic;
using System.Security.Authentication;
using Topology.Claims.Lab;

namespace Topology.Claims.Checks;

/// <summary>Kestrel serves clients without a proxy.</summary>
public sealed class KestrelEdgeClaim : Claim
{
    private static readonly (SslProtocols Protocol, Version Version)[] Protocols = [
        (SslProtocols.Tls12, HttpVersion.Version11), (SslProtocols.Tls12, HttpVersion.Version20),
        (SslProtocols.Tls13, HttpVersion.Version11), (SslProtocols.Tls13, HttpVersion.Version20),
        .. QuicListener.IsSupported ? new[] { (SslProtocols.Tls13, HttpVersion.Version30) } : [],
    ];

    /// <inheritdoc />
    public override string Id => "kestrel-edge";

    /// <inheritdoc />
    public override string Sentence => "Kestrel can be the edge server: it serves clients directly, without a proxy in front.";

    /// <inheritdoc />
    public override string Method =>
        "Sent requests to the public listeners of every backend and YARP edge: HTTP/1.1 in cleartext, HTTP/1.1 and HTTP/2 over TLS 1.2 and "
            + "over TLS 1.3, and HTTP/3 where QUIC is supported, trusting the public authority only.";

    /// <inheritdoc />
    public override MissingRequirement? Needs(ClaimLab lab) =>
        MissingRequirement.LabOnly(lab, "Behind the platform's ingress, no Kestrel serves clients directly.");

    /// <inheritdoc />
    public override async Task CheckAsync(ClaimLab lab, Evidence evidence, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(lab);
        var good = new List<string>();
        foreach (var resource in lab.Backends.Concat(lab.Proxies.Where(proxy => proxy.Name.StartsWith("edge", StringComparison.Ordinal))))
        {
            var path = $"/{(lab.Backends.Contains(resource) ? resource.Service() : "catalog")}/whoami";
            var faults = new List<string>();
            using (var cleartext = lab.Call(lab.Url(resource.Name, "http")))
            {
                var status = await cleartext.StatusAsync(path, cancellationToken);
                if (status != 200) faults.Add($"HTTP/1.1 in cleartext: status {status}");
            }

            foreach (var (protocol, version) in Protocols)
            {
                if (await FaultAsync(lab, resource.Name, path, protocol, version, cancellationToken) is { } fault)
                {
                    faults.Add($"HTTP/{version} over {protocol}: {fault}");
                }
            }

            if (faults.Count == 0) good.Add(resource.Name);
            else evidence.Expect(false, $"{resource.Name}: {string.Join(", ", faults)}");
        }

        evidence.Expect(good.Count > 0, good.Count == 0
            ? "none answers as expected"
            : $"{string.Join(", ", good)} answer 200 over HTTP/1.1 in cleartext, and over TLS 1.2 and TLS 1.3 with HTTP/1.1 and with "
                + $"HTTP/2 by ALPN{(QuicListener.IsSupported ? ", and over QUIC with HTTP/3" : "")}, each with a certificate of the public "
                + $"authority in its own name");
        if (!QuicListener.IsSupported) evidence.Note("HTTP/3 is not offered here: this machine has no QUIC library");
    }

    /// <summary>Sends a request with this TLS protocol and HTTP version. Returns what is wrong, or null.</summary>
    private static async Task<string?> FaultAsync(
        ClaimLab lab, string name, string path, SslProtocols protocol, Version version, CancellationToken cancellationToken)
    {
        using var caller = lab.Call(lab.Url(name, "https"));
        caller.Protocols = protocol;
        try
        {
            var answer = await caller.SendAsync(path, cancellationToken, version: version);
            if (answer is not { Status: 200, Tls: { } tls }) return $"status {answer.Status}";
            if (tls.Protocol != protocol || answer.Version != version) return $"negotiated {tls.Protocol} and HTTP/{answer.Version}";
            if (version == HttpVersion.Version20 && tls.Application != "h2") return $"ALPN negotiated {tls.Application}";
            if (!lab.Authorities.IsPublic(tls.Certificate)) return "the public authority did not issue the certificate";
            return tls.Certificate.Subject == $"CN={name}" ? null : $"the certificate is issued for {tls.Certificate.Subject}";
        }
        catch (HttpRequestException exception)
        {
            return exception.GetBaseException().Message;
        }
    }
}
