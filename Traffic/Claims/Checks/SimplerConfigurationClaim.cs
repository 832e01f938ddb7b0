using System.Security.Cryptography.X509Certificates;
using Topology.Claims.Lab;
using Topology.Comparison.Targets;
using Topology.Comparison.Workloads;

namespace Topology.Claims.Checks;

/// <summary>What clients must configure with and without a proxy.</summary>
public sealed class SimplerConfigurationClaim : Claim
{
    /// <inheritdoc />
    public override string Id => "simpler-configuration";

    /// <inheritdoc />
    public override string Sentence =>
        "A reverse proxy simplifies the configuration of HTTPS and load balancing, and may fit better into existing infrastructure.";

    /// <inheritdoc />
    public override string Method =>
        "Counted the addresses and certificates that clients of all services need, edge-direct and with the edge. Checked that the same "
            + "instances serve all running proxies at the same time, unchanged. Behind a platform's ingress, where nothing is edge-direct, "
            + "counted the processes instead, and sent requests for every service to the single address.";

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

        var (direct, proxied) =
            (await CountAsync(lab, lab.Backends, cancellationToken), await CountAsync(lab, [lab.Resource("edge")], cancellationToken));
        evidence.Expect(
            direct.Certificates > proxied.Certificates
            && proxied.Certificates > 0,
            $"certificates to issue and renew: {direct.Certificates} edge-direct, {proxied.Certificates} at the edge");
        evidence.Expect(
            direct.Addresses > proxied.Addresses
            && proxied.Addresses > 0,
            $"HTTPS addresses that clients must know: {direct.Addresses} edge-direct, with replicas to choose from, "
            + $"{proxied.Addresses} at the edge");

        var media = new Dictionary<string, string>();
        foreach (var proxy in lab.Proxies)
        {
            using var caller = lab.Call(lab.Url(proxy.Name, "http"));
            media[proxy.Name] = (await caller.WhoAmIAsync("/media/whoami", cancellationToken)).Instance;
        }

        evidence.Expect(
            media.Count > 1
            && media.Values.Distinct().Count() == 1,
            $"{string.Join(" and ", media.Values.Distinct())} serves behind {string.Join(", ", media.Keys)} at the same time");
        evidence.Note("whether it fits better into existing infrastructure is not tested, and IIS does not run here: it needs Windows");
    }

    /// <summary>
    /// Behind an ingress, there is no edge-direct path to compare with. Instead, this counts the processes, because each of them would need
    /// an address and a certificate if it were edge-direct.
    /// </summary>
    private static async Task CheckBehindIngressAsync(ClaimLab lab, Evidence evidence, CancellationToken cancellationToken)
    {
        var (addresses, certificates) = await CountAsync(lab, lab.State.Resources, cancellationToken);
        evidence.Expect((addresses, certificates) == (1, 1) && lab.Backends.Count > 1,
            $"clients know {addresses} HTTPS address, with {certificates} certificate to issue and renew, for {lab.Backends.Count} "
                + $"processes that serve: {string.Join(", ", lab.Backends.Select(backend => backend.Name))}");

        using var caller = lab.Call(lab.Entrance("edge"));
        var (answering, faults) = (new List<string>(), new List<string>());
        foreach (var service in ClaimLab.Services)
        {
            var workload = WorkloadCatalog.All.First(workload => workload.Service == service);
            var answer = await caller.SendAsync(workload.Create(0), cancellationToken, workload.IsKeyed);
            if (answer.Status == workload.ExpectedStatus) answering.Add(service);
            else faults.Add($"{service} with {answer.Status}");
        }

        evidence.Expect(
            faults.Count == 0, faults.Count == 0 ? $"at that address, these services answer: {string.Join(", ", answering)}"
            : $"at that address, these services fail: {string.Join(", ", faults)}");
        evidence.Note("the platform renews the certificate");
    }

    private static async Task<(int Addresses, int Certificates)> CountAsync(
        ClaimLab lab, IEnumerable<TopologyResource> resources, CancellationToken cancellationToken)
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
