using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Topology.Hardening.Certificates;

namespace Topology.Ingress;

internal static class IngressListeners
{
    // Envoy's limits: 60 KiB of request headers, 100 fields.
    private const int HeaderBytes = 60 * 1024;
    private const int HeaderFields = 100;

    /// <summary>Opens the ports with Envoy's limits.</summary>
    /// <param name="certificates">Where the local authorities are.</param>
    public static void ListenAsEnvoy(this KestrelServerOptions options, IEnumerable<IngressPort> ports, CertificateOptions certificates)
    {
        var certificate = new Rotating<X509Certificate2>(
            () => LocalAuthorities.Open(certificates, LocalAuthorities.Public, TimeProvider.System)
                .GetLeaf("ingress", LocalAuthorities.PublicNames),
            TimeProvider.System);

        options.AddServerHeader = false;
        options.RequestHeaderEncodingSelector = _ => Encoding.Latin1;
        options.ResponseHeaderEncodingSelector = _ => Encoding.Latin1;
        options.Limits.MaxRequestHeadersTotalSize = HeaderBytes;
        options.Limits.MaxRequestHeaderCount = HeaderFields;
        // The resource enforces its own body limits.
        options.Limits.MaxRequestBodySize = null;
        options.Limits.MinRequestBodyDataRate = null;
        options.Limits.MinResponseDataRate = null;
        foreach (var port in ports)
        {
            options.ListenLocalhost(port.Number, listen =>
            {
                listen.Protocols = port.Protocols;
                if (!port.IsTls) return;
                _ = certificate.Current; // A missing certificate must prevent startup, not the first handshake.
                listen.UseHttps(https =>
                {
                    https.SslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13;
                    https.ServerCertificateSelector = (_, _) => certificate.Current;
                });
            });
        }
    }
}
