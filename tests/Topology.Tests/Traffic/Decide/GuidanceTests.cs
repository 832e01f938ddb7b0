using Topology.Claims.Checks;
using Topology.Tests.Infrastructure;
using Topology.Traffic.Decide;

namespace Topology.Tests.Traffic.Decide;

/// <summary>Which configuration the four answers lead to.</summary>
public sealed class GuidanceTests
{
    private static readonly string[] Fronts = ["nginx", "apache", "haproxy", "iis", "balancer"];

    [Theory]
    [InlineData("yes", "no", "none", "each", Setup.KestrelEdge)]
    [InlineData("no", "no", "none", "each", Setup.KestrelEdge)]
    [InlineData("yes", "no", "none", "one", Setup.YarpEdge)]
    [InlineData("no", "no", "none", "one", Setup.YarpEdge)]
    [InlineData("yes", "yes", "none", "each", Setup.YarpEdge)]
    [InlineData("no", "yes", "none", "each", Setup.YarpEdge)]
    [InlineData("yes", "yes", "none", "one", Setup.YarpEdge)]
    [InlineData("no", "yes", "none", "one", Setup.YarpEdge)]
    public void Without_anything_in_front_sharing_or_one_place_for_certificates_needs_an_edge(
        string internet, string shared, string front, string renew, object setup) =>
        Assert.Equal(setup, Guidance.Decide(internet, shared, front, renew)!.Setup);

    [Fact]
    public void What_is_in_front_already_is_used()
    {
        foreach (var (internet, shared, front, renew) in All().Where(answers => answers.Front != "none"))
        {
            var advice = Guidance.Decide(internet, shared, front, renew)!;
            Assert.Equal(Setup.Existing, advice.Setup);
            Assert.Equal(internet == "yes", advice.Reasons.Any(reason => reason.Text.Contains("TCP only", StringComparison.Ordinal)));
            Assert.Equal(renew == "each", advice.Reasons.Any(reason => reason.Claim == "internal-https-cost"));
        }

        Assert.Equal(
            ["Edge/Proxies/nginx/nginx.conf", "Edge/Proxies/apache/httpd.conf", "Edge/Proxies/haproxy/haproxy.cfg", "Edge/Proxies/iis/",
                "docs/proxies.md"],
            Fronts.Select(front => Guidance.Decide("no", "no", front, "one")!.Copies[0].What));
    }

    [Fact]
    public void Every_reason_names_an_existing_claim_and_every_file_to_copy_exists()
    {
        Assert.Equal(2 * 2 * 6 * 2, All().Count());
        foreach (var (internet, shared, front, renew) in All())
        {
            var advice = Guidance.Decide(internet, shared, front, renew)!;
            Assert.NotEmpty(advice.Reasons);
            Assert.All(advice.Reasons.Select(reason => reason.Claim).OfType<string>(), claim => Assert.NotNull(ClaimCatalog.Find(claim)));
            Assert.All(
                advice.Copies.Where(copy => copy.What.Contains('/', StringComparison.Ordinal)),
                copy => Assert.True(Path.Exists(Path.Combine(Programs.Repository, copy.What)), copy.What));
        }
    }

    [Theory]
    [InlineData(null, null, null, null)]
    [InlineData("yes", "no", "none", null)]
    [InlineData("yes", "no", "lighttpd", "each")]
    public void Without_four_known_answers_there_is_no_advice(string? internet, string? shared, string? front, string? renew) =>
        Assert.Null(Guidance.Decide(internet, shared, front, renew));

    private static IEnumerable<(string Internet, string Shared, string Front, string Renew)> All() =>
        from internet in Guidance.Questions[0].Answers
        from shared in Guidance.Questions[1].Answers
        from front in Guidance.Questions[2].Answers
        from renew in Guidance.Questions[3].Answers
        select (internet.Value, shared.Value, front.Value, renew.Value);
}
