using Topology.Claims.Lab;

namespace Topology.Claims.Checks;

/// <summary>Without host filtering, clients control the host in generated links.</summary>
public sealed class PoisonedLinkClaim : Claim
{
    private const string Path = "/account/reset";
    private const string AttackerHost = "evil.example";

    /// <inheritdoc />
    public override string Id => "poisoned-link";

    /// <inheritdoc />
    public override string Sentence =>
        "Behind a reverse proxy, host filtering is required: without it, an attacker controls the host in links that the application "
            + "builds.";

    /// <inheritdoc />
    public override string Method =>
        $"Let a plain Kestrel build a password-reset link for a request with the Host {AttackerHost}, and for one with "
            + "that name in X-Forwarded-Host. Sent both to a backend's public listener and to every edge and proxy.";

    /// <inheritdoc />
    public override async Task CheckAsync(ClaimLab lab, Evidence evidence, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(lab);
        ArgumentNullException.ThrowIfNull(evidence);
        using (var plain = lab.Call(lab.Plain.Address))
        {
            var link = (await plain.SendAsync(Path, cancellationToken, host: AttackerHost)).Text;
            evidence.Expect(link.StartsWith($"http://{AttackerHost}/", StringComparison.Ordinal),
                $"without filtering, a direct request gets the link {link}");
        }

        using (var trusting = lab.Call(lab.Plain.TrustsEveryone))
        {
            var link = (await trusting.SendAsync(
                Path, cancellationToken, headers: [("X-Forwarded-Host", AttackerHost), ("X-Forwarded-Proto", "https")])).Text;
            evidence.Expect(
                link.StartsWith($"https://{AttackerHost}/", StringComparison.Ordinal),
                $"without filtering, behind a proxy that forwards any name, it is {link}");
        }

        foreach (var name in lab.Filtering)
        {
            var entrance = lab.Entrance(name);
            using var caller = lab.Call(entrance, acceptsAnyName: true);
            var refused = await caller.StatusAsync("/catalog/items/1", cancellationToken, host: AttackerHost);
            evidence.Expect(refused == 400, $"{name} answers {refused} to the Host {AttackerHost}");
            if (!lab.AnswersWhoAmI("catalog")) continue;
            var own = await caller.WhoAmIAsync("/catalog/whoami", cancellationToken, headers: [("X-Forwarded-Host", AttackerHost)]);
            evidence.Expect(
                own.Host == entrance.Authority, $"with that name in X-Forwarded-Host, a link behind {name} still has the host {own.Host}");
        }

        if (MissingRequirement.WhoAmIIn(lab, "catalog") is { } need)
        {
            evidence.Note($"the host of a link with that name in X-Forwarded-Host cannot be checked here. {need.Why}");
        }
    }
}
