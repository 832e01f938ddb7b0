namespace Topology.Claims.Checks;

/// <summary>All claims.</summary>
public static class ClaimCatalog
{
    /// <summary>All claims, in the order in which they are checked and displayed.</summary>
    public static IReadOnlyList<Claim> All { get; } = [
        new KestrelEdgeClaim(), new BehindProxyClaim(), new OnePortOneProcessClaim(), new SharedPortClaim(), new AnyHostClaim(),
        new ExposedSurfaceClaim(), new DefenceInDepthClaim(), new LoadBalancingClaim(), new CertificatesClaim(),
            new InternalHttpsCostClaim(),
        new PoisonedLinkClaim(), new ForwardedHeadersClaim(), new IdenticalAnswersClaim(), new OwnAddressClaim(),
            new SimplerConfigurationClaim(),
    ];

    /// <summary>The claim of that name, or null.</summary>
    public static Claim? Find(string id) => All.FirstOrDefault(claim => claim.Id == id);

    /// <summary>All names, for messages.</summary>
    public static string Ids { get; } = string.Join(", ", All.Select(claim => claim.Id));
}
