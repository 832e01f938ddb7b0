using System.Security.Cryptography.X509Certificates;
using Topology.Traffic.Claims.Lab;
using Topology.Traffic.Targets;

namespace Topology.Traffic.Claims.Checks;

/// <summary>What there is to configure for clients, with and without a proxy.</summary>
public sealed class SimplerConfigurationClaim : Claim
{
    /// <inheritdoc />
    public override string Id => "simpler-configuration";

    /// <inheritdoc />
    public override string Sentence => "A reverse proxy simplifies the configuration of HTTPS and load balancing, and may fit better into infrastructure that is already there.";

    /// <inheritdoc />
    public override string Done =>
        "Counted what clients of all services have to know and trust: addresses, and the certificates shown there, edge-direct and at the edge. Asked through every proxy that runs for the same instances, to see that they serve several infrastructures at once, unchanged.";

    /// <inheritdoc />
    public override async Task CheckAsync(ClaimLab lab, Evidence evidence, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(lab);
        ArgumentNullException.ThrowIfNull(evidence);
        var (direct, proxied) = (await CountAsync(lab, lab.Backends, cancellationToken), await CountAsync(lab, [lab.Resource("edge")], cancellationToken));
        evidence.Expect(direct.Certificates > proxied.Certificates && proxied.Certificates > 0, $"certificates to issue and renew: {direct.Certificates} edge-direct, {proxied.Certificates} at the edge");
        evidence.Expect(direct.Addresses > proxied.Addresses && proxied.Addresses > 0, $"HTTPS addresses that clients must know, and choose among replicas: {direct.Addresses} edge-direct, {proxied.Addresses} at the edge");

        var media = new Dictionary<string, string>();
        foreach (var proxy in lab.Proxies)
        {
            using var caller = lab.Call(lab.Url(proxy.Name, "http"));
            media[proxy.Name] = (await caller.WhoAmIAsync("/media/whoami", cancellationToken)).Instance;
        }

        evidence.Expect(media.Count > 1 && media.Values.Distinct().Count() == 1, $"{string.Join(" and ", media.Values.Distinct())} serves behind {string.Join(", ", media.Keys)} at once");
        evidence.Note("whether existing infrastructure is served better is its owner's to judge; IIS is not run here: it needs Windows");
    }

    private static async Task<(int Addresses, int Certificates)> CountAsync(ClaimLab lab, IEnumerable<TopologyResource> resources, CancellationToken cancellationToken)
    {
        var (addresses, certificates) = (0, new HashSet<string>());
        foreach (var address in resources.Select(resource => resource.Urls.GetValueOrDefault("https")).OfType<Uri>())
        {
            using var caller = lab.Call(address);
            if ((await caller.SendAsync("/", cancellationToken)).Tls is not { } tls) continue;
            addresses++;
            certificates.Add(tls.Certificate.GetCertHashString(System.Security.Cryptography.HashAlgorithmName.SHA256));
        }

        return (addresses, certificates.Count);
    }
}
