using Topology.Claims.Lab;

namespace Topology.Claims.Checks;

/// <summary>Kestrel accepts requests for any Host.</summary>
public sealed class AnyHostClaim : Claim
{
    private static readonly string[] UnknownHosts =
        ["evil.example", "203.0.113.9", "localhost.evil.example", "[2001:db8::1]:81", "xn--n3h.example"];

    /// <inheritdoc />
    public override string Id => "any-host";

    /// <inheritdoc />
    public override string Sentence =>
        "Kestrel accepts every request on its port, whatever its Host header says. The application or the edge must filter hosts.";

    /// <inheritdoc />
    public override string Method =>
        $"Sent requests with {UnknownHosts.Length} unknown hosts, and with the right one, to a plain Kestrel and to the filtered public "
            + "listeners of a backend and of each edge and proxy.";

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
            foreach (var host in UnknownHosts) statuses.Add(await caller.StatusAsync("/catalog/items/1", cancellationToken, host: host));
            var own = await caller.StatusAsync("/catalog/items/1", cancellationToken);
            // Status 0: the TLS handshake fails for an unknown name, so the request is refused before it is sent.
            evidence.Expect(
                own == 200
                && statuses.All(status => status == expected || (status == 0 && expected == 400 && address.Scheme == Uri.UriSchemeHttps)),
                $"{who} answers {string.Join("/", statuses.Distinct())} to unknown hosts and {own} to its own");
        }
    }
}
