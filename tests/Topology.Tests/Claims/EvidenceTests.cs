using Topology.Claims;
using Topology.Claims.Checks;
using Topology.Claims.Lab;
using Topology.Comparison.Workloads;

namespace Topology.Tests.Claims;

/// <summary>How facts decide a claim.</summary>
public sealed class EvidenceTests
{
    [Fact]
    public void Nothing_found_does_not_hold()
    {
        var evidence = new Evidence();
        Assert.False(evidence.Holds);
        evidence.Note("what a reader should know");
        Assert.False(evidence.Holds);
    }

    [Fact]
    public void One_fact_against_it_is_enough()
    {
        var evidence = new Evidence();
        evidence.Expect(true, "for it");
        Assert.True(evidence.Holds);
        evidence.Expect(false, "against; it");
        Assert.False(evidence.Holds);
        Assert.Equal("for it; ✗ against, it", evidence.ToString());
    }

    [Fact]
    public void An_interval_holds_the_middle_and_is_not_moved_by_one_block()
    {
        double[] values = [.. Enumerable.Range(0, 20).Select(value => 10.0 + value % 5)];
        var quiet = InternalHttpsCostClaim.Interval(values);
        Assert.InRange(quiet.Middle, quiet.Low, quiet.High);
        Assert.InRange(quiet.Middle, 11.5, 12.5);
        values[3] = 1000;
        var disturbed = InternalHttpsCostClaim.Interval(values);
        Assert.InRange(disturbed.Middle, 11.5, 13);
        Assert.True(disturbed.High < 15);
    }

    [Fact]
    public void An_interval_around_nothing_holds_0()
    {
        var (_, low, high) = InternalHttpsCostClaim.Interval([-3, 2, -1, 1, 3, -2, 0.5, -0.5, 1.5, -1.5]);
        Assert.True(low < 0 && high > 0);
    }

    [Fact]
    public void Answers_differ_by_status_field_or_body()
    {
        var first = Make(200, "text/plain", "same");
        Assert.Null(
            IdenticalAnswersClaim.Difference(
            first, Make(200, "text/plain", "same")
            with
            { Headers = [("Content-Type", "text/plain"), ("Date", "another"), ("Alt-Svc", "h3=\":1\"")] }, null));
        Assert.Contains("status", IdenticalAnswersClaim.Difference(first, Make(500, "text/plain", "same"), null));
        Assert.Contains("Content-Type", IdenticalAnswersClaim.Difference(first, Make(200, "text/html", "same"), null));
        Assert.Contains("bodies", IdenticalAnswersClaim.Difference(first, Make(200, "text/plain", "diff"), new CatalogWorkload()));
    }

    private static Answer Make(int status, string type, string body) =>
        new(status, System.Net.HttpVersion.Version11, [("Content-Type", type), ("Date", "now")], System.Text.Encoding.UTF8.GetBytes(body),
            null);
}
