using Topology.Claims.Lab;

namespace Topology.Claims.Checks;

/// <summary>The edge refuses requests that a backend would accept.</summary>
public sealed class DefenceInDepthClaim : Claim
{
    /// <summary>How many attacks a plain Kestrel must accept for the edge to count as an additional layer.</summary>
    public const int Minimum = 12;

    /// <inheritdoc />
    public override string Id => "defence-in-depth";

    /// <inheritdoc />
    public override string Sentence => "A reverse proxy can add a layer of configuration and defence in front of the applications.";

    /// <inheritdoc />
    public override string Method =>
        $"Sent {Attacks.All.Count} raw attacks and forged forwarded headers to the edge and to a plain Kestrel. The edge must refuse all "
            + "of them with 4xx, 501 or 505, or by closing the connection. Behind a platform's ingress they are sent to the edge's own "
            + "port and again from outside. 500, 502 and similar do not count as refused, because something behind the edge failed. The "
            + $"plain Kestrel must accept at least {Minimum} of them with 2xx.";

    /// <inheritdoc />
    public override async Task CheckAsync(ClaimLab lab, Evidence evidence, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(lab);
        ArgumentNullException.ThrowIfNull(evidence);
        // Behind an ingress, use the edge's own port: the ingress parses requests too and forwards its own version of them.
        var edge = lab.Own("edge");
        var (through, stopped, refusedByBoth, direct) = (new List<string>(), new List<string>(), new List<string>(), new List<string>());
        foreach (var attack in Attacks.All)
        {
            var taken = await IsTakenAsync(lab.Plain.Address, attack, cancellationToken);
            var status = await RawExchange.StatusAsync(edge, attack.Raw, cancellationToken);
            if (!IsRefusal(status)) through.Add($"{attack.Name} ({(status == RawExchange.Silence ? "no response" : status)})");
            else if (taken) stopped.Add(attack.Name);
            else refusedByBoth.Add(attack.Name);
            // For fairness, also try the hardened backend: Kestrel can refuse these attacks itself if configured to.
            if (await IsTakenAsync(Direct(lab, attack), attack, cancellationToken)) direct.Add(attack.Name);
        }

        var entrance = lab.Entrance("edge");
        if (MissingRequirement.WhoAmIIn(lab, "catalog") is { } need)
        {
            evidence.Note($"how the services treat forged forwarded headers cannot be checked here. {need.Why}");
        }
        else await ForgeAsync(
            lab, entrance, (what, isTrustedAtEdge, isTrusted) =>
            (isTrustedAtEdge ? through : isTrusted ? stopped : refusedByBoth).Add(what), cancellationToken);

        var all = through.Count + stopped.Count + refusedByBoth.Count;
        evidence.Expect(
            through.Count == 0, through.Count == 0 ? $"the edge stops all {all}" : $"the edge lets through: {string.Join(", ", through)}");
        evidence.Expect(stopped.Count >= Minimum, $"a plain Kestrel accepts {stopped.Count} of them: {string.Join(", ", stopped)}");
        evidence.Note($"a plain Kestrel also refuses {refusedByBoth.Count}: {string.Join(", ", refusedByBoth)}");
        var taking = direct.Count == 0 ? $"stop all {Attacks.All.Count}" : $"accept {string.Join(", ", direct)}";
        if (lab.IsCloud)
        {
            evidence.Note($"the backends' own ports, reachable only from the internal network, {taking}");
            await ExpectEntranceAsync(lab, entrance, evidence, cancellationToken);
        }
        else
        {
            evidence.Note(
                $"the backends' public listeners, hardened in the same way, {taking}: the edge adds a single place for it and a second "
                + "layer");
        }

        using var valid = lab.Call(entrance);
        var answer = await valid.StatusAsync("/catalog/items/1", cancellationToken);
        evidence.Expect(answer == 200, $"a valid request gets {answer}");
    }

    /// <summary>
    /// Reports for each forged header whether a service behind the edge trusts it, and whether a server that trusts everyone does.
    /// </summary>
    private static async Task ForgeAsync(ClaimLab lab, Uri entrance, Action<string, bool, bool> report, CancellationToken cancellationToken)
    {
        (string, string)[] forged =
            [("X-Forwarded-For", "203.0.113.9"), ("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "evil.example")];
        using var atEdge = lab.Call(entrance);
        using var atPlain = lab.Call(lab.Plain.TrustsEveryone);
        var (seenBehindEdge, seenByPlain) =
            (await atEdge.WhoAmIAsync("/catalog/whoami", cancellationToken, headers: forged),
            await atPlain.WhoAmIAsync("/catalog/whoami", cancellationToken, headers: forged));
        report("a forged client address", seenBehindEdge.RemoteAddress == "203.0.113.9", seenByPlain.RemoteAddress == "203.0.113.9");
        report("a forged scheme", seenBehindEdge.Scheme == "https", seenByPlain.Scheme == "https");
        report("a forged host", seenBehindEdge.Host == "evil.example", seenByPlain.Host == "evil.example");
    }

    /// <summary>
    /// The ingress or the edge must refuse every attack from outside. The ingress may repair faults that affect one hop only.
    /// </summary>
    private static async Task ExpectEntranceAsync(ClaimLab lab, Uri entrance, Evidence evidence, CancellationToken cancellationToken)
    {
        var (through, repaired) = (new List<string>(), new List<string>());
        foreach (var attack in Attacks.All)
        {
            var status = await RawExchange.StatusAsync(entrance, attack.Raw, cancellationToken, lab.Trust);
            // The edge refuses a body that is too long before it has read all of it, and closes the connection. If the ingress is still
            // sending the body at that time, the ingress answers 502.
            if (IsRefusal(status) || (status == 502 && !attack.IsPerHop)) continue;
            (attack.IsPerHop && status != RawExchange.Silence ? repaired : through).Add(
                $"{attack.Name} ({(status == RawExchange.Silence ? "no response" : status)})");
        }

        var refused = Attacks.All.Count - through.Count - repaired.Count;
        evidence.Expect(through.Count == 0, through.Count == 0
            ? $"from outside, at {entrance.Authority}, the ingress or the edge refuses {refused} of the {Attacks.All.Count} attacks"
            : $"from outside these get through: {string.Join(", ", through)}");
        if (repaired.Count > 0)
        {
            evidence.Note(
                $"the ingress repairs {repaired.Count} requests that the edge would have refused: "
                + $"{string.Join(", ", repaired)}");
        }
    }

    private static async Task<bool> IsTakenAsync(Uri address, Attack attack, CancellationToken cancellationToken) =>
        await RawExchange.StatusAsync(address, attack.Raw, cancellationToken) is >= 200 and < 300;

    /// <summary>Refused by a response or by closing the connection: nothing was forwarded.</summary>
    internal static bool IsRefusal(int status) => status is RawExchange.Closed or (>= 400 and < 500) or 501 or 505;

    /// <summary>The address of the backend that serves the attack's path.</summary>
    private static Uri Direct(ClaimLab lab, Attack attack)
    {
        var backend = lab.Backends.FirstOrDefault(backend => attack.Raw.Contains($" /{backend.Service()}", StringComparison.Ordinal))
            ?? lab.Backends[0];
        return lab.Own(backend.Name);
    }
}
