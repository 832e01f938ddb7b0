using Topology.Claims.Lab;

namespace Topology.Claims.Checks;

/// <summary>Without host filtering, who asks decides what links say.</summary>
public sealed class PoisonedLinkClaim : Claim
{
    private const string Path = "/account/reset";
    private const string Stranger = "evil.example";

    /// <inheritdoc />
    public override string Id => "poisoned-link";

    /// <inheritdoc />
    public override string Sentence =>
        "Behind a reverse proxy host filtering is required: without it, links that the application builds lead where a stranger says.";

    /// <inheritdoc />
    public override string Done =>
        $"Let a plain Kestrel build a password-reset link for a request with the Host {Stranger}, and for one that a proxy passes on with "
            + $"that name in X-Forwarded-Host. Sent the same to a backend's public listener and to every edge and proxy.";

    /// <inheritdoc />
    public override async Task CheckAsync(ClaimLab lab, Evidence evidence, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(lab);
        ArgumentNullException.ThrowIfNull(evidence);
        using (var plain = lab.Call(lab.Plain.Address))
        {
            var link = (await plain.SendAsync(Path, cancellationToken, host: Stranger)).Text;
            evidence.Expect(link.StartsWith($"http://{Stranger}/", StringComparison.Ordinal), $"unfiltered and direct, the link is {link}");
        }

        using (var believing = lab.Call(lab.Plain.TrustsEveryone))
        {
            var link = (await believing.SendAsync(
                Path, cancellationToken, headers: [("X-Forwarded-Host", Stranger), ("X-Forwarded-Proto", "https")])).Text;
            evidence.Expect(
                link.StartsWith($"https://{Stranger}/", StringComparison.Ordinal),
                $"unfiltered behind a proxy that passes any name on, it is {link}");
        }

        foreach (var name in lab.Filtering)
        {
            var entrance = lab.Entrance(name);
            using var caller = lab.Call(entrance, acceptsAnyName: true);
            var refused = await caller.StatusAsync("/catalog/items/1", cancellationToken, host: Stranger);
            evidence.Expect(refused == 400, $"{name} answers {refused} to the Host {Stranger}");
            if (!lab.AnswersWhoAmI("catalog")) continue;
            var own = await caller.WhoAmIAsync("/catalog/whoami", cancellationToken, headers: [("X-Forwarded-Host", Stranger)]);
            evidence.Expect(
                own.Host == entrance.Authority, $"with that name in X-Forwarded-Host a link behind {name} would still say {own.Host}");
        }

        if (MissingRequirement.WhoAmIIn(lab, "catalog") is { } need)
        {
            evidence.Note($"what a link would say with that name in X-Forwarded-Host is not seen here. {need.Why}");
        }
    }
}
