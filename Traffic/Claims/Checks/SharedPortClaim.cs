using Topology.Claims.Lab;

namespace Topology.Claims.Checks;

/// <summary>Behind the edge, sites with different names share an address and port.</summary>
public sealed class SharedPortClaim : Claim
{
    private const string CatalogSite = "catalog.localhost";
    private const string MediaSite = "media.localhost";

    /// <inheritdoc />
    public override string Id => "shared-port";

    /// <inheritdoc />
    public override string Sentence =>
        "A proxy can share one address and port between sites: it forwards each request to the process of the site in the Host header.";

    /// <inheritdoc />
    public override string Method =>
        $"Requested the same path for two hosts, {CatalogSite} and {MediaSite}, from one address and port of the edge and of each "
            + "other running proxy, over HTTP and HTTPS. Requested from each site a path that only the other has.";

    /// <inheritdoc />
    public override MissingRequirement? Needs(ClaimLab lab) =>
        MissingRequirement.LabOnly(lab, "The platform gives the edge a single name, so two sites cannot share its port.");

    /// <inheritdoc />
    public override async Task CheckAsync(ClaimLab lab, Evidence evidence, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(lab);
        ArgumentNullException.ThrowIfNull(evidence);
        foreach (var proxy in lab.ProxyKinds)
        {
            foreach (var endpoint in (string[])["http", "https"])
            {
                var address = lab.Url(proxy, endpoint);
                using var caller = lab.Call(address);
                var catalog = await caller.WhoAmIAsync("/whoami", cancellationToken, $"{CatalogSite}:{address.Port}");
                var media = await caller.WhoAmIAsync("/whoami", cancellationToken, $"{MediaSite}:{address.Port}");
                var pids = (Catalog: lab.PidNow(catalog.Instance), Media: lab.PidNow(media.Instance));
                var isApart = Service(lab, catalog) == "catalog" && Service(lab, media) == "media"
                    && (pids.Catalog is null || pids.Catalog != pids.Media);
                evidence.Expect(
                    isApart, $"{proxy}, {address.Scheme} port {address.Port}: /whoami of {CatalogSite} is answered by {catalog.Instance} "
                    + $"(process {pids.Catalog}), of {MediaSite} by {media.Instance} (process {pids.Media})");
            }

            using var http = lab.Call(lab.Url(proxy, "http"));
            var (own, others) =
                (await http.StatusAsync("/items/1", cancellationToken, host: CatalogSite),
                await http.StatusAsync("/items/1", cancellationToken, host: MediaSite));
            var across = await http.StatusAsync("/catalog/items/1", cancellationToken, host: MediaSite);
            evidence.Expect((own, others, across) == (200, 404, 404),
                $"/items/1 is {own} on {CatalogSite} and {others} on {MediaSite}, where the default site's /catalog/items/1 is {across}");
        }
    }

    private static string? Service(ClaimLab lab, WhoAmI answer) =>
        lab.Backends.FirstOrDefault(backend => backend.Name == answer.Instance)?.Service();
}
