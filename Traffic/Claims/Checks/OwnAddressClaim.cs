using Topology.Claims.Lab;

namespace Topology.Claims.Checks;

/// <summary>Each process behind the proxy listens on an address and port of its own.</summary>
public sealed class OwnAddressClaim : Claim
{
    /// <inheritdoc />
    public override string Id => "own-address";

    /// <inheritdoc />
    public override string Sentence =>
        "A proxy that shares its port forwards requests to Kestrel processes that each have their own address and port.";

    /// <inheritdoc />
    public override string Method =>
        "Requested whoami of every service through the edge's single port, and looked up the address and port of the listener that "
            + "each instance names.";

    /// <inheritdoc />
    public override MissingRequirement? Needs(ClaimLab lab) => MissingRequirement.WhoAmIIn(lab, ClaimLab.Services);

    /// <inheritdoc />
    public override async Task CheckAsync(ClaimLab lab, Evidence evidence, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(lab);
        ArgumentNullException.ThrowIfNull(evidence);
        const int Attempts = 40; // Enough for every replica to answer.
        var edge = lab.Entrance("edge");
        using var caller = lab.Call(edge);
        var reached = new SortedDictionary<string, Uri?>(StringComparer.Ordinal);
        foreach (var service in lab.Backends.Select(backend => backend.Service()).Distinct())
        {
            var replicas = lab.Backends.Count(backend => backend.Service() == service);
            for (var i = 0; i < Attempts
                && reached.Keys.Count(
                name => lab.Backends.Any(backend => backend.Name == name && backend.Service() == service)) < replicas; i++)
            {
                var answer = await caller.WhoAmIAsync($"/{service}/whoami", cancellationToken);
                var name = lab.NameOf(answer);
                reached[name] = lab.Backends.FirstOrDefault(backend => backend.Name == name) is { } instance
                    ? ClaimLab.Listeners(instance).GetValueOrDefault(answer.Listener) : null;
            }
        }

        var ports = reached.Values.OfType<Uri>().Select(address => address.Port).ToArray();
        evidence.Expect(
            reached.Count == lab.Backends.Count && ports.Length == reached.Count && ports.Distinct().Count() == ports.Length
            && !ports.Contains(edge.Port),
            $"behind the edge's port {edge.Port} these answer: "
                + $"{string.Join(", ", reached.Select(entry => $"{entry.Key} at {entry.Value?.Authority ?? "an unknown address"}"))}");
        var own = lab.Backends.Count(
            backend => reached.GetValueOrDefault(backend.Name) is { } address && address != backend.Urls.GetValueOrDefault("http"));
        evidence.Expect(own == lab.Backends.Count, $"{own} of {lab.Backends.Count} on a listener that is not public");
    }
}
