using Topology.Claims.Lab;

namespace Topology.Claims.Checks;

/// <summary>The edge stops what a backend would take.</summary>
public sealed class DefenceInDepthClaim : Claim
{
    /// <summary>How many of the attacks a plain Kestrel has to take for the edge to be a layer of its own.</summary>
    public const int Minimum = 12;

    /// <inheritdoc />
    public override string Id => "defence-in-depth";

    /// <inheritdoc />
    public override string Sentence => "A reverse proxy can be one more layer of configuration and defence in front of the applications.";

    /// <inheritdoc />
    public override string Done =>
        $"Sent {Attacks.All.Count} attacks byte by byte, and forwarded headers that lie, to the edge and to a plain Kestrel. The edge must "
            + $"refuse all, with 4xx, 501, 505 or by closing (behind a platform's ingress at its own port, and once more from outside); "
            + $"500, 502 and the like count as let through, because something behind failed; at least {Minimum} must be ones that the "
            + $"plain Kestrel takes, which is answering 2xx.";

    /// <inheritdoc />
    public override async Task CheckAsync(ClaimLab lab, Evidence evidence, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(lab);
        ArgumentNullException.ThrowIfNull(evidence);
        // Behind an ingress, at the edge's own port: what is in front parses requests too, and passes on what it understood.
        var edge = lab.Own("edge");
        var (through, stopped, refusedByBoth, direct) = (new List<string>(), new List<string>(), new List<string>(), new List<string>());
        foreach (var attack in Attacks.All)
        {
            var taken = await IsTakenAsync(lab.Plain.Address, attack, cancellationToken);
            var status = await RawExchange.StatusAsync(edge, attack.Raw, cancellationToken);
            if (!IsRefusal(status)) through.Add($"{attack.Name} ({(status == RawExchange.Silence ? "no answer" : status)})");
            else if (taken) stopped.Add(attack.Name);
            else refusedByBoth.Add(attack.Name);
            // The other hardened listener, to be honest about who can do this: Kestrel itself, once it is told to.
            if (await IsTakenAsync(Direct(lab, attack), attack, cancellationToken)) direct.Add(attack.Name);
        }

        var entrance = lab.Entrance("edge");
        if (MissingRequirement.WhoAmIIn(lab, "catalog") is { } need)
        {
            evidence.Note($"what the services make of forwarded headers that lie is not seen here. {need.Why}");
        }
        else await ForgeAsync(
            lab, entrance, (what, isBelievedAtEdge, isBelieved) =>
            (isBelievedAtEdge ? through : isBelieved ? stopped : refusedByBoth).Add(what), cancellationToken);

        var all = through.Count + stopped.Count + refusedByBoth.Count;
        evidence.Expect(
            through.Count == 0, through.Count == 0 ? $"the edge stops all {all}" : $"the edge lets through: {string.Join(", ", through)}");
        evidence.Expect(stopped.Count >= Minimum, $"{stopped.Count} of them a plain Kestrel takes: {string.Join(", ", stopped)}");
        evidence.Note($"{refusedByBoth.Count} a plain Kestrel refuses by itself: {string.Join(", ", refusedByBoth)}");
        var taking = direct.Count == 0 ? $"stop all {Attacks.All.Count}" : $"take {string.Join(", ", direct)}";
        if (lab.IsCloud)
        {
            evidence.Note($"the backends' own ports, which only the inside reaches, {taking}");
            await ExpectEntranceAsync(lab, entrance, evidence, cancellationToken);
        }
        else
        {
            evidence.Note(
                $"the backends' own public listeners, hardened alike, {taking}: what the edge adds is one place for it, and a second "
                + $"layer");
        }

        using var honest = lab.Call(entrance);
        var answer = await honest.StatusAsync("/catalog/items/1", cancellationToken);
        evidence.Expect(answer == 200, $"an honest request gets {answer}");
    }

    /// <summary>
    /// Reports for each forged header whether a service behind the edge trusts it, and whether a server that trusts everyone does.
    /// </summary>
    private static async Task ForgeAsync(ClaimLab lab, Uri entrance, Action<string, bool, bool> tell, CancellationToken cancellationToken)
    {
        (string, string)[] lies =
            [("X-Forwarded-For", "203.0.113.9"), ("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "evil.example")];
        using var liar = lab.Call(entrance);
        using var believer = lab.Call(lab.Plain.TrustsEveryone);
        var (told, believed) =
            (await liar.WhoAmIAsync("/catalog/whoami", cancellationToken, headers: lies),
            await believer.WhoAmIAsync("/catalog/whoami", cancellationToken, headers: lies));
        tell("a forged client address", told.RemoteAddress == "203.0.113.9", believed.RemoteAddress == "203.0.113.9");
        tell("a forged scheme", told.Scheme == "https", believed.Scheme == "https");
        tell("a forged host", told.Host == "evil.example", believed.Host == "evil.example");
    }

    /// <summary>From outside, the ingress and the edge together: what is wrong whoever writes it must be refused by one of them.</summary>
    private static async Task ExpectEntranceAsync(ClaimLab lab, Uri entrance, Evidence evidence, CancellationToken cancellationToken)
    {
        var (through, mended) = (new List<string>(), new List<string>());
        foreach (var attack in Attacks.All)
        {
            var status = await RawExchange.StatusAsync(entrance, attack.Raw, cancellationToken, lab.Trust);
            // The edge answers a body that is too long before all of it is there, and closes; the ingress may still be sending,
            // and then has 502 to tell of it.
            if (IsRefusal(status) || (status == 502 && !attack.IsPerHop)) continue;
            (attack.IsPerHop && status != RawExchange.Silence ? mended : through).Add(
                $"{attack.Name} ({(status == RawExchange.Silence ? "no answer" : status)})");
        }

        var refused = Attacks.All.Count - through.Count - mended.Count;
        evidence.Expect(through.Count == 0, through.Count == 0
            ? $"from outside, by {entrance.Authority}, {refused} of the {Attacks.All.Count} attacks are refused, by the ingress or by the "
                + $"edge"
            : $"from outside these get through: {string.Join(", ", through)}");
        if (mended.Count > 0)
        {
            evidence.Note(
                $"of {mended.Count} the ingress itself makes a request without the fault, which the edge would have refused: "
                + $"{string.Join(", ", mended)}");
        }
    }

    private static async Task<bool> IsTakenAsync(Uri address, Attack attack, CancellationToken cancellationToken) =>
        await RawExchange.StatusAsync(address, attack.Raw, cancellationToken) is >= 200 and < 300;

    /// <summary>Refused with an answer, or by closing: nothing was passed on.</summary>
    internal static bool IsRefusal(int status) => status is RawExchange.Closed or (>= 400 and < 500) or 501 or 505;

    /// <summary>Where the backend itself listens that serves the attack's path.</summary>
    private static Uri Direct(ClaimLab lab, Attack attack)
    {
        var backend = lab.Backends.FirstOrDefault(backend => attack.Raw.Contains($" /{backend.Service()}", StringComparison.Ordinal))
            ?? lab.Backends[0];
        return lab.Own(backend.Name);
    }
}
