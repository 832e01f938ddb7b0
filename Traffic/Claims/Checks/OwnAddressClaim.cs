using Topology.Claims.Lab;

namespace Topology.Claims.Checks;

/// <summary>Where the proxy forwards to.</summary>
public sealed class OwnAddressClaim : Claim
{
    /// <inheritdoc />
    public override string Id => "own-address";

    /// <inheritdoc />
    public override string Sentence =>
        "A proxy that shares its port passes requests on to Kestrel processes that each listen on an address and port of their own.";

    /// <inheritdoc />
    public override string Done =>
        "Asked the edge, at its one port, for the whoami of every service, and looked up the address and port of the listener that each "
        + "instance names.";

    /// <inheritdoc />
    public override MissingRequirement? Needs(ClaimLab lab) => MissingRequirement.WhoAmIIn(lab, ClaimLab.Services);

    /// <inheritdoc />
    public override async Task CheckAsync(ClaimLab lab, Evidence evidence, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(lab);
        ArgumentNullException.ThrowIfNull(evidence);
        const int Attempts = 40; // Enough that every replica has answered.
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
            $"behind port {edge.Port} of the edge answer "
                + $"{string.Join(", ", reached.Select(entry => $"{entry.Key} at {entry.Value?.Authority ?? "no address of its own"}"))}");
        var own = lab.Backends.Count(
            backend => reached.GetValueOrDefault(backend.Name) is { } address && address != backend.Urls.GetValueOrDefault("http"));
        evidence.Expect(own == lab.Backends.Count, $"{own} of {lab.Backends.Count} on a listener that is not the public's");
    }
}
