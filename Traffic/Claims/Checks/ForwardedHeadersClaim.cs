using System.Globalization;
using System.Net;
using Topology.Claims.Lab;

namespace Topology.Claims.Checks;

/// <summary>Forwarded headers from trusted proxies are right; untrusted forwarded headers are ignored.</summary>
public sealed class ForwardedHeadersClaim : Claim
{
    private const string Forged = "203.0.113.9";
    private const string ForgedHost = "evil.example";

    private static readonly (string Name, string Value)[] ForgedHeaders = [
        ("X-Forwarded-For", Forged), ("X-Forwarded-Proto", "gopher"), ("X-Forwarded-Host", ForgedHost),
        ("Forwarded", $"for={Forged};proto=gopher;host={ForgedHost}"), ("X-Real-IP", Forged), ("X-Original-For", Forged),
    ];

    /// <inheritdoc />
    public override string Id => "forwarded-headers";

    /// <inheritdoc />
    public override string Source => "Microsoft Learn, Configure ASP.NET Core to work with proxy servers and load balancers";

    /// <inheritdoc />
    public override string Sentence =>
        "Behind a proxy, forwarded headers carry the scheme, host and client address to the application. They must be used if they come "
            + "from a trusted proxy; untrusted forwarded headers must be ignored.";

    /// <inheritdoc />
    public override string Method =>
        $"Requested whoami from a separate client address through each edge, over HTTP and HTTPS, and directly, without and with forged "
            + $"headers ({string.Join(", ", ForgedHeaders.Select(header => header.Name))}). Started a catalog that trusts one proxy "
            + $"address, and sent it forwarded headers from that address and from another.";

    /// <inheritdoc />
    public override MissingRequirement? Needs(ClaimLab lab) => MissingRequirement.WhoAmIIn(lab, "catalog");

    /// <inheritdoc />
    public override async Task CheckAsync(ClaimLab lab, Evidence evidence, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(lab);
        ArgumentNullException.ThrowIfNull(evidence);
        // Linux and Windows have many loopback addresses. macOS has one, so the client shares the proxy's.
        var client = OperatingSystem.IsMacOS() ? IPAddress.Loopback : IPAddress.Parse("127.0.0.2");
        foreach (var name in lab.Filtering)
        {
            var (faults, schemes) = (new List<string>(), new List<string>());
            foreach (var address in lab.Entrances(name))
            {
                // In the cloud, this claim plays the ingress: it connects in cleartext, so the scheme that the service must see is http.
                var scheme = lab.IsCloud ? Uri.UriSchemeHttp : address.Scheme;
                schemes.Add(scheme);
                using var caller = lab.Call(address, client);
                foreach (var headers in ((string, string)[][])[[], ForgedHeaders])
                {
                    var seen = await caller.WhoAmIAsync("/catalog/whoami", cancellationToken, headers: headers);
                    if ((seen.Scheme, seen.Host, seen.RemoteAddress) != (scheme, address.Authority, client.ToString()))
                    {
                        faults.Add(
                            $"{(headers.Length == 0 ? "without" : "with")} forged headers on {address.Scheme}, the catalog saw "
                            + $"{seen.Scheme}, {seen.Host}, {seen.RemoteAddress}");
                    }
                }
            }

            var how = lab.Proxies.Any(proxy => proxy.Name == name) ? $"through {name}" : "directly";
            evidence.Expect(faults.Count == 0, faults.Count == 0
                ? $"{how} the catalog saw {string.Join(" and ", schemes)}, the requested host and the client {client}, with and "
                    + "without forged headers"
                : $"{how}: {string.Join(", ", faults)}");
        }

        if (lab.IsCloud)
        {
            evidence.Note(
                "the client used HTTPS; the catalog saw the scheme of the last hop, which the ingress forwards");
        }
        using (var everyone = lab.Call(lab.Plain.TrustsEveryone))
        {
            var seen = await everyone.WhoAmIAsync("/catalog/whoami", cancellationToken, headers: ForgedHeaders);
            evidence.Expect(
                (seen.RemoteAddress, seen.Host) == (Forged, ForgedHost),
                $"a plain Kestrel that trusts everyone saw the client {seen.RemoteAddress} and the host {seen.Host}");
        }

        if (!OperatingSystem.IsMacOS()) await ExpectTrustAsync(lab, evidence, IPAddress.Parse("127.0.0.9"), cancellationToken);
    }

    /// <summary>
    /// Checks that trust depends on the sender's address: sends the same headers from the proxy's address and from another one.
    /// </summary>
    private static async Task ExpectTrustAsync(ClaimLab lab, Evidence evidence, IPAddress proxy, CancellationToken cancellationToken)
    {
        var port = OwnService.FreePort();
        await using var service = lab.Start("Catalog",
            ("Topology:Listeners:internal", port.ToString(CultureInfo.InvariantCulture)), ("Topology:KnownProxies:0", proxy.ToString()));
        if (await service.StartedOrEndedAsync(cancellationToken) is { } exit)
        {
            evidence.Expect(false, $"a catalog that trusts {proxy} ended with exit code {exit}");
            return;
        }

        (string, string)[] forwarded = [("X-Forwarded-For", Forged), ("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "localhost")];
        using var trusted = lab.Call(new($"http://localhost:{port}"), proxy);
        using var untrusted = lab.Call(new($"http://localhost:{port}"), IPAddress.Loopback);
        var (used, ignored) =
            (await trusted.WhoAmIAsync("/catalog/whoami", cancellationToken, headers: forwarded),
            await untrusted.WhoAmIAsync("/catalog/whoami", cancellationToken, headers: forwarded));
        evidence.Expect(
            (used.RemoteAddress, used.Scheme) == (Forged, "https"),
            $"a catalog that trusts {proxy} uses its headers: client {used.RemoteAddress} over {used.Scheme}");
        evidence.Expect(
            (ignored.RemoteAddress, ignored.Scheme) == ("127.0.0.1", "http"),
            $"from 127.0.0.1, which it does not trust, it ignores the same headers: client {ignored.RemoteAddress} over {ignored.Scheme}");
    }
}
