using Topology.Claims.Lab;
using Topology.Comparison.Targets;
using Topology.ServiceDefaults.Paths;

namespace Topology.Claims.Checks;

/// <summary>Kestrel serves behind any of the proxies.</summary>
public sealed class BehindProxyClaim : Claim
{
    /// <inheritdoc />
    public override string Id => "behind-proxy";

    /// <inheritdoc />
    public override string Sentence =>
        "Kestrel can run behind a reverse proxy that forwards requests to it; both setups are supported.";

    /// <inheritdoc />
    public override string Method =>
        "Requested whoami of every service through each running proxy. An instance behind the proxy must answer, on an internal "
            + "listener, and must know the proxy's name.";

    /// <inheritdoc />
    public override MissingRequirement? Needs(ClaimLab lab) => MissingRequirement.WhoAmIIn(lab, ClaimLab.Services);

    /// <inheritdoc />
    public override async Task CheckAsync(ClaimLab lab, Evidence evidence, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(lab);
        var services = lab.Backends.Select(backend => backend.Service()).Distinct().ToArray();
        foreach (var proxy in lab.Proxies)
        {
            using var caller = lab.Call(lab.Entrance(proxy.Name));
            var (listeners, faults) = (new HashSet<string>(), new List<string>());
            foreach (var service in services)
            {
                try
                {
                    var answer = await caller.WhoAmIAsync($"/{service}/whoami", cancellationToken);
                    listeners.Add(answer.Listener);
                    var isBehind = answer.TopologyPath == proxy.Name && answer.Listener.StartsWith("internal", StringComparison.Ordinal)
                        && lab.Backends.Any(backend => backend.Name == lab.NameOf(answer));
                    if (!isBehind) faults.Add(
                        $"{service} was answered by {answer.Instance} on {answer.Listener}, path {answer.TopologyPath ?? "none"}");
                }
                catch (Exception exception) when (exception is HttpRequestException or InvalidOperationException)
                {
                    faults.Add(exception.GetBaseException().Message);
                }
            }

            evidence.Expect(faults.Count == 0, faults.Count == 0
                ? $"through {proxy.Name} {string.Join(", ", services)} answer on {string.Join(", ", listeners)}"
                : $"through {proxy.Name}: {string.Join(", ", faults)}");
        }

        if (lab.IsCloud) return; // Other proxies exist only in the lab.
        var absent = TopologyPath.All.Skip(1).Where(path => lab.Proxies.All(proxy => proxy.Name != path)).ToArray();
        if (absent.Length > 0) evidence.Note($"not run here: {string.Join(", ", absent)} (start them with --proxies)");
        evidence.Note("IIS is not run here: it needs Windows");
    }
}
