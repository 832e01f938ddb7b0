using Topology.Claims.Lab;

namespace Topology.Claims.Checks;

/// <summary>Kestrel takes what comes to its port, whatever the Host.</summary>
public sealed class AnyHostClaim : Claim
{
    private static readonly string[] Strangers =
        ["evil.example", "203.0.113.9", "localhost.evil.example", "[2001:db8::1]:81", "xn--n3h.example"];

    /// <inheritdoc />
    public override string Id => "any-host";

    /// <inheritdoc />
    public override string Sentence =>
        "Kestrel handles everything that comes to its port, whatever Host it names; it is the application or the edge that must filter "
        + "hosts.";

    /// <inheritdoc />
    public override string Done =>
        $"Asked a plain Kestrel, and the filtered public listeners of a backend and of each edge and proxy, for {Strangers.Length} hosts "
            + $"that are nobody's here, and for their own.";

    /// <inheritdoc />
    public override async Task CheckAsync(ClaimLab lab, Evidence evidence, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(lab);
        ArgumentNullException.ThrowIfNull(evidence);
        await ExpectAsync("a plain Kestrel", lab.Plain.Address, 200);
        foreach (var name in lab.Filtering)
        {
            foreach (var entrance in lab.Entrances(name)) await ExpectAsync($"{name} on {entrance.Scheme}", entrance, 400);
        }

        async Task ExpectAsync(string who, Uri address, int expected)
        {
            using var caller = lab.Call(address, acceptsAnyName: true);
            var statuses = new List<int>();
            foreach (var host in Strangers) statuses.Add(await caller.StatusAsync("/catalog/items/1", cancellationToken, host: host));
            var own = await caller.StatusAsync("/catalog/items/1", cancellationToken);
            // A name that TLS does not serve gets no handshake, which is status 0: the request is refused before it is sent.
            evidence.Expect(
                own == 200
                && statuses.All(status => status == expected || (status == 0 && expected == 400 && address.Scheme == Uri.UriSchemeHttps)),
                $"{who} answers {string.Join("/", statuses.Distinct())} to strangers' hosts and {own} to its own");
        }
    }
}
