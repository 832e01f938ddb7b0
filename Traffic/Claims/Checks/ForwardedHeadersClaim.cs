using System.Globalization;
using System.Net;
using Topology.Claims.Lab;

namespace Topology.Claims.Checks;

/// <summary>What proxies say about the client is right, and what strangers say is not believed.</summary>
public sealed class ForwardedHeadersClaim : Claim
{
    private const string Forged = "203.0.113.9";
    private const string ForgedHost = "evil.example";

    private static readonly (string Name, string Value)[] Lies = [
        ("X-Forwarded-For", Forged), ("X-Forwarded-Proto", "gopher"), ("X-Forwarded-Host", ForgedHost),
        ("Forwarded", $"for={Forged};proto=gopher;host={ForgedHost}"), ("X-Real-IP", Forged), ("X-Original-For", Forged),
    ];

    /// <inheritdoc />
    public override string Id => "forwarded-headers";

    /// <inheritdoc />
    public override string Source => "Microsoft Learn, Configure ASP.NET Core to work with proxy servers and load balancers";

    /// <inheritdoc />
    public override string Sentence =>
        "Behind a proxy the scheme, host and client address reach the application in forwarded headers; they are right where the proxy is "
            + "trusted, and must be ignored from anybody else.";

    /// <inheritdoc />
    public override string Done =>
        $"Asked whoami from a client address of its own through each edge, over HTTP and HTTPS, and directly; again with forged headers "
            + $"({string.Join(", ", Lies.Select(lie => lie.Name))}). Started a catalog that trusts one proxy address, and sent it "
            + $"forwarded headers from that address and from another.";

    /// <inheritdoc />
    public override MissingRequirement? Needs(ClaimLab lab) => MissingRequirement.WhoAmIIn(lab, "catalog");

    /// <inheritdoc />
    public override async Task CheckAsync(ClaimLab lab, Evidence evidence, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(lab);
        ArgumentNullException.ThrowIfNull(evidence);
        // Loopback is a network of addresses on Linux and Windows; where it is one, the client has the proxy's.
        var client = OperatingSystem.IsMacOS() ? IPAddress.Loopback : IPAddress.Parse("127.0.0.2");
        foreach (var name in lab.Filtering)
        {
            var (faults, schemes) = (new List<string>(), new List<string>());
            foreach (var address in lab.Entrances(name))
            {
                // An ingress tells each service the scheme of its own hop to it, which is cleartext.
                var scheme = lab.IsCloud ? Uri.UriSchemeHttp : address.Scheme;
                schemes.Add(scheme);
                using var caller = lab.Call(address, client);
                foreach (var headers in ((string, string)[][])[[], Lies])
                {
                    var seen = await caller.WhoAmIAsync("/catalog/whoami", cancellationToken, headers: headers);
                    if ((seen.Scheme, seen.Host, seen.RemoteAddress) != (scheme, address.Authority, client.ToString()))
                    {
                        faults.Add(
                            $"{(headers.Length == 0 ? "told the truth" : "lied to")} on {address.Scheme}, the catalog saw {seen.Scheme}, "
                            + $"{seen.Host}, {seen.RemoteAddress}");
                    }
                }
            }

            var how = lab.Proxies.Any(proxy => proxy.Name == name) ? $"through {name}" : "directly";
            evidence.Expect(faults.Count == 0, faults.Count == 0
                ? $"{how} the catalog saw {string.Join(" and ", schemes)}, the host asked for and the client {client}, forged headers "
                    + $"or not"
                : $"{how}: {string.Join(", ", faults)}");
        }

        if (lab.IsCloud)
        {
            evidence.Note(
                "the client came by HTTPS; the scheme that the catalog saw is that of the last hop to it, of which the ingress tells");
        }
        using (var believing = lab.Call(lab.Plain.TrustsEveryone))
        {
            var seen = await believing.WhoAmIAsync("/catalog/whoami", cancellationToken, headers: Lies);
            evidence.Expect(
                (seen.RemoteAddress, seen.Host) == (Forged, ForgedHost),
                $"a plain Kestrel told to believe anybody took the client for {seen.RemoteAddress} and the host for {seen.Host}");
        }

        if (!OperatingSystem.IsMacOS()) await ExpectTrustAsync(lab, evidence, IPAddress.Parse("127.0.0.9"), cancellationToken);
    }

    /// <summary>Trust is in an address: the same headers from the proxy and from beside it.</summary>
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
        using var stranger = lab.Call(new($"http://localhost:{port}"), IPAddress.Loopback);
        var (believed, ignored) =
            (await trusted.WhoAmIAsync("/catalog/whoami", cancellationToken, headers: forwarded),
            await stranger.WhoAmIAsync("/catalog/whoami", cancellationToken, headers: forwarded));
        evidence.Expect(
            (believed.RemoteAddress, believed.Scheme) == (Forged, "https"),
            $"a catalog that trusts {proxy} believes it: client {believed.RemoteAddress} by {believed.Scheme}");
        evidence.Expect(
            (ignored.RemoteAddress, ignored.Scheme) == ("127.0.0.1", "http"),
            $"from 127.0.0.1, which it does not trust, the same headers are ignored: client {ignored.RemoteAddress} by {ignored.Scheme}");
    }
}
