using Topology.Claims;
using Topology.Claims.Checks;
using Topology.Traffic.Claims;
using Topology.Traffic.Decide;

namespace Topology.Tests.Traffic.Decide;

/// <summary>Which evidence a cell shows.</summary>
public sealed class ScorecardTests
{
    [Fact]
    public void Without_evidence_no_cell_says_anything_about_a_setup()
    {
        var rows = Scorecard.Rows(_ => new(false, false, null), null, 0);
        Assert.Equal(
            ["exposure", "certificates", "port sharing", "host filtering", "attacks stopped", "failover", "load balancing", "latency",
                "CPU", "memory", "operations"], rows.Select(row => row.Title));
        Assert.All(rows, row => Assert.Equal(Scorecard.Columns.Count, row.Cells.Count));
        Assert.All(rows.SelectMany(row => row.Cells), cell =>
        {
            Assert.Equal(CellState.Missing, cell.State);
            Assert.True(
                cell.Text.StartsWith("not checked: ", StringComparison.Ordinal) || cell.Text is "not measured" or "documented, not run",
                cell.Text);
        });
    }

    [Fact]
    public void Every_rule_refers_to_an_existing_claim()
    {
        var rules = RowRule.All.SelectMany(row => (CellRule?[])[row.Direct, row.Edge, row.Others]).OfType<CellRule>().ToArray();
        Assert.NotEmpty(rules);
        Assert.All(rules, rule => Assert.NotNull(ClaimCatalog.Find(rule.Claim)));
    }

    // The facts are as the claims word them.
    [Theory]
    [InlineData("exposed-surface", "edge-direct: 10 ports of 5 processes are open to the public, 6 of the paths answer", "direct", true)]
    [InlineData("exposed-surface", "behind the edge: 2 ports of 1 process, 5 of the paths answer (/a)", "edge", true)]
    [InlineData("exposed-surface", "✗ behind the edge: 12 ports of 1 process, 5 of the paths answer (/a)", "edge", false)]
    [InlineData("certificates", "processes that present a certificate of the public authority: 1 with the edge, 5 edge-direct", "direct", true)]
    [InlineData("certificates", "processes that present a certificate of the public authority: 1 with the edge, 5 edge-direct", "edge", true)]
    [InlineData("certificates", "nginx presents CN=localhost, issued by the public authority", "nginx", true)]
    [InlineData("certificates", "nginx presents CN=localhost, issued by the public authority", "apache", null)]
    [InlineData("shared-port", "edge, http port 5200: /whoami of catalog.localhost is answered by catalog-1 (process 1)", "edge", true)]
    [InlineData("shared-port", "✗ haproxy, https port 5241: /whoami of catalog.localhost is answered by catalog-1", "haproxy", false)]
    [InlineData("any-host", "edge-tls on http answers 400 to unknown hosts and 200 to its own", "edge", null)]
    [InlineData("any-host", "✗ nginx on http answers 200 to unknown hosts and 200 to its own", "nginx", false)]
    [InlineData("any-host", "a plain Kestrel answers 200 to unknown hosts and 200 to its own; catalog-1 on http answers 400 to unknown hosts",
        "direct", true)]
    [InlineData("any-host", "a plain Kestrel answers 200 to unknown hosts and 200 to its own", "direct", false)]
    [InlineData("defence-in-depth", "the edge stops all 36", "edge", true)]
    [InlineData("defence-in-depth", "✗ the edge lets through: TRACE (200)", "edge", false)]
    [InlineData("defence-in-depth", "the edge stops all 36", "nginx", null)]
    [InlineData("load-balancing", "edge: 0 errors in 400 requests; ✗ nginx: 3 errors in 400 requests (3 × 502)", "edge", true)]
    [InlineData("load-balancing", "edge: 0 errors in 400 requests; ✗ nginx: 3 errors in 400 requests (3 × 502)", "nginx", false)]
    public void A_cell_rests_on_the_facts_that_name_its_setup(string claim, string evidence, string path, bool? shown)
    {
        var state = new ClaimState(false, false, new(claim, "", !evidence.Contains('✗', StringComparison.Ordinal), evidence, "", ""));
        var rows = Scorecard.Rows(id => id == claim ? state : new(false, false, null), null, 0);
        var column = Scorecard.Columns.Index().Single(entry => entry.Item.Path == path).Index;
        var cells = rows.Select(row => row.Cells[column]).Where(cell => cell.State != CellState.Missing).ToArray();
        if (shown is null) Assert.Empty(cells);
        else
        {
            var cell = Assert.Single(cells);
            Assert.Equal((shown.Value ? CellState.Shown : CellState.Contradicted, $"claims#{claim}"), (cell.State, cell.Link));
        }
    }

    [Fact]
    public void A_proxy_that_did_not_run_is_to_be_started()
    {
        const string Facts = "edge on http answers 400 to unknown hosts and 200 to its own";
        var state = new ClaimState(false, false, new("any-host", "", true, Facts, "", ""));
        var row = Scorecard.Rows(_ => state, null, 0).Single(row => row.Title == "host filtering");
        Assert.Equal("unknown hosts are refused", row.Cells[1].Text);
        Assert.Equal("not checked: start nginx, then run claim any-host", row.Cells[2].Text);
        Assert.Equal(("documented, not run", "docs/proxies.md"), (row.Cells[5].Text, row.Cells[5].Link));
    }

    [Fact]
    public void The_measured_rows_come_from_the_comparison_and_link_to_it()
    {
        var comparison = Results.Compared((0.42, 0.39, 0.45), (1.0, 0.0, 2.0));
        var rows = Scorecard.Rows(_ => new(false, false, null), comparison, 7).ToDictionary(row => row.Title, row => row.Cells);
        Assert.Equal("p50 0.100 ms, p99 1.000 ms", rows["latency"][0].Text);
        Assert.Equal("p50 +0.420 ms [+0.390, +0.450]; p99 too noisy: needs about 4 × the duration", rows["latency"][1].Text);
        Assert.Equal("0.230 ms/request, 2.3 × direct", rows["CPU"][1].Text);
        Assert.Equal(new Cell("150 MiB", "/?comparison=7", CellState.Shown), rows["memory"][1]);
        Assert.Equal(("not measured", CellState.Missing), (rows["latency"][2].Text, rows["latency"][2].State));
    }

    [Fact]
    public void A_claim_that_cannot_be_checked_here_says_what_it_needs()
    {
        var rows = Scorecard.Rows(_ => new(false, false, null, new("the lab", "Because.")), null, 0);
        Assert.Equal("not checked: needs the lab", rows[0].Cells[0].Text);
    }
}
