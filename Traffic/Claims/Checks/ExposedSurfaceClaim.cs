using System.Net.Sockets;
using Topology.Claims.Lab;
using Topology.Comparison.Targets;
using Topology.Hardening.Certificates;

namespace Topology.Claims.Checks;

/// <summary>How much of the topology is public.</summary>
public sealed class ExposedSurfaceClaim : Claim
{
    private static readonly string[] Public = ["http", "https"];
    /// <summary>The path of the revocation list that the lab's certificates name. A real public authority serves its list itself.</summary>
    private const string RevocationList = LocalAuthorities.RevocationListPath;

    private static readonly string[] Management = ["/health", "/alive"];

    private static readonly string[] Paths = [
        .. Management, "/", "/metrics", "/favicon.ico", "/.env", "/appsettings.json", "/swagger/index.html", "/whoami",
        "/catalog/items/1", "/catalog/whoami", "/orders", "/orders/whoami", "/media/1", "/media/whoami", "/live/events?count=1",
            "/live/whoami",
        RevocationList,
    ];

    /// <inheritdoc />
    public override string Id => "exposed-surface";

    /// <inheritdoc />
    public override string Sentence => "A reverse proxy can limit which parts of the applications are public.";

    /// <inheritdoc />
    public override string Method =>
        $"Requested {Paths.Length} paths from every public listener: those of the backends, which are public edge-direct, and those of "
            + "the edge, the only public ones behind it. Requested the management paths from the internal listeners.";

    /// <inheritdoc />
    public override async Task CheckAsync(ClaimLab lab, Evidence evidence, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(lab);
        ArgumentNullException.ThrowIfNull(evidence);
        var direct = await ProbeAsync(lab, lab.Backends, cancellationToken);
        var proxied = await ProbeAsync(lab, [lab.Resource("edge")], cancellationToken);
        evidence.Note(lab.IsCloud
            ? $"internally, the ingress forwards to {lab.Backends.Count} processes on {direct.Ports} ports that are not public, "
                + $"{direct.Answering.Count} of the paths answer"
            : $"edge-direct: {direct.Ports} ports of {lab.Backends.Count} processes are open to the public, {direct.Answering.Count} of "
                + $"the paths answer");
        evidence.Expect(proxied.Ports > 0 && proxied.Ports < direct.Ports,
            $"behind the edge: {proxied.Ports} ports{(lab.IsCloud ? " (the ingress redirects cleartext to HTTPS)" : "")} of 1 "
                + $"process, {proxied.Answering.Count} of the paths answer ({string.Join(" ", proxied.Answering)})");
        var beyond = proxied.Answering.Except(direct.Answering).ToArray();
        evidence.Expect(beyond is [] or [RevocationList], beyond.Length == 0
            ? "no path answers only at the edge"
            : $"only at the edge answers {string.Join(" ", beyond)}{(beyond is [RevocationList] ? ", for the local authority" : "")}");

        if (lab.IsCloud)
        {
            var exposed =
                lab.State.Resources.Where(resource => lab.Entrances(resource.Name).Count > 0).Select(resource => resource.Name).ToArray();
            evidence.Expect(
                exposed is ["edge"],
                $"of {lab.State.Resources.Count} processes, the ingress makes these public: {string.Join(", ", exposed)}");
        }

        var inside = 0;
        foreach (var backend in lab.Backends)
        {
            using var caller = lab.Call(lab.Internal(backend.Name));
            foreach (var path in Management) inside += await caller.StatusAsync(path, cancellationToken) == 200 ? 1 : 0;
        }

        var (outside, ports) = lab.IsCloud ? (proxied.Management, proxied.Ports)
            : (direct.Management + proxied.Management, direct.Ports + proxied.Ports);
        evidence.Expect(inside == Management.Length * lab.Backends.Count && outside == 0,
            $"{string.Join(" and ", Management)} answer {inside} times on {lab.Backends.Count} internal listeners and {outside} times on "
                + $"{ports} public ones");

        using var plain = lab.Call(lab.Plain.Address);
        var health = await plain.StatusAsync(Management[0], cancellationToken);
        evidence.Expect(health == 200, $"a plain Kestrel with one port answers {Management[0]} with {health} to everybody");
        evidence.Note("on this machine every listener is on loopback; the AppHost declares which ones are public");
    }

    private static async Task<(int Ports, SortedSet<string> Answering, int Management)> ProbeAsync(
        ClaimLab lab, IEnumerable<TopologyResource> resources, CancellationToken cancellationToken)
    {
        var (ports, answering, management) = (0, new SortedSet<string>(StringComparer.Ordinal), 0);
        foreach (var address in resources.SelectMany(resource => Public.Select(resource.Urls.GetValueOrDefault).OfType<Uri>()).Distinct())
        {
            if (!await IsOpenAsync(address.Port, cancellationToken)) continue;
            ports++;
            using var caller = lab.Call(address);
            foreach (var path in Paths)
            {
                if (await caller.StatusAsync(path, cancellationToken) is not (200 or 204)) continue;
                answering.Add(path);
                if (Management.Contains(path)) management++;
            }
        }

        return (ports, answering, management);
    }

    private static async Task<bool> IsOpenAsync(int port, CancellationToken cancellationToken)
    {
        try
        {
            await (await Caller.ConnectAsync(port, null, cancellationToken)).DisposeAsync();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
