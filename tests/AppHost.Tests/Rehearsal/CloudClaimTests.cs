using System.Text.Json;
using Topology.Claims;
using Topology.Claims.Checks;
using Topology.Claims.Lab;
using Topology.Comparison.Targets;
using Topology.Tests.Infrastructure;
using static Microsoft.Playwright.Assertions;

namespace Topology.AppHost.Tests.Rehearsal;

/// <summary>Every claim that has a meaning beside what is published holds there, and fails where what it relies on is missing.</summary>
[Collection(Rehearsals.Name)]
public sealed class CloudClaimTests(CloudClaims cloud) : IClassFixture<CloudClaims>
{
    private static readonly string[] LabOnly = ["kestrel-edge", "shared-port", "internal-https-cost"];

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public static TheoryData<string> Ids => [.. ClaimCatalog.All.Select(claim => claim.Id).Except(LabOnly)];

    [Fact]
    public async Task The_command_checks_what_has_a_meaning_there_and_names_the_rest()
    {
        var file = Path.Combine(Directory.CreateTempSubdirectory("topology-claims-").FullName, "claims.json");
        var (exit, output, _) =
            await TrafficCommand.RunAsync(null, ["claims", "--attach", "--state", cloud.Host.StateFile, "--json", file]);
        TestContext.Current.TestOutputHelper?.WriteLine(output);
        Assert.Equal(0, exit);

        using var results = JsonDocument.Parse(await File.ReadAllTextAsync(file, Cancelled));
        Assert.Equal(
            Ids.Select(row => (row.Data, true)),
            results.RootElement.EnumerateArray()
            .Select(result => (result.GetProperty("id").GetString()!, result.GetProperty("holds").GetBoolean())));
        Assert.Equal(LabOnly.Length, output.Split("needs the lab").Length - 1);
        Assert.All(LabOnly, id => Assert.Contains(id, output, StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Ids))]
    public async Task It_fails_where_what_it_relies_on_is_missing(string id)
    {
        var result = await cloud.CheckAsync(ClaimCatalog.Find(id)!, Without(id));
        TestContext.Current.TestOutputHelper?.WriteLine(result.Evidence);
        Assert.False(result.Holds, result.Evidence);
        Assert.Contains(Evidence.Against, result.Evidence);
        Assert.DoesNotContain("the check failed", result.Evidence);
    }

    /// <summary>What each claim relies on, taken away.</summary>
    private Func<TopologyState, TopologyState> Without(string id)
    {
        var plain = cloud.Lab.Plain;
        return id switch
        {
            // No proxy where the proxy should be.
            "behind-proxy" => state => state.With("edge", "https", state.Listener("catalog-1", "internal")),
            // Nobody on the port.
            "one-port-one-process" => state =>
                state.WithListener("catalog-1", "internal", new($"http://localhost:{OwnService.FreePort()}")),
            // No host filtering at the edge.
            "any-host" => state => state.With("edge", "https", plain.Address),
            // A backend that the public enters.
            "exposed-surface" => state => state.With("orders", "https", state.Url("edge", "https")),
            // No hardening at the edge's own port.
            "defence-in-depth" => state => state.WithListener("edge", "ingress", plain.Address),
            // No balancing: one replica answers all. Nothing is killed then.
            "load-balancing" => state => state.With("edge", "https", state.Listener("catalog-1", "internal")),
            // A process that holds a certificate itself.
            "certificates" => state => state.WithListener("edge", "ingress", state.Url("edge", "https")),
            // No host filtering at the edge.
            "poisoned-link" => state => state.With("edge", "https", plain.Address),
            // Forwarded headers believed from anybody.
            "forwarded-headers" => state => state.With("edge", "https", plain.TrustsEveryone),
            // Another application inside than behind the edge.
            "identical-answers" => state => state.With("media", "http", state.Url("orders", "http")),
            // Two processes that would listen on one port.
            "own-address" => state => state.WithListener("catalog-1", "internal", state.Listener("catalog-2", "internal")),
            // A second address for clients to know.
            "simpler-configuration" => state => state.With("orders", "https", state.Url("edge", "https")),
            _ => throw new ArgumentException($"The claim {id} has never been seen to fail here; take away what it relies on.", nameof(id)),
        };
    }

    [Fact]
    public async Task An_attack_that_gets_in_from_outside_only_is_told()
    {
        var plain = cloud.Lab.Plain.Address;
        var result = await cloud.CheckAsync(ClaimCatalog.Find("defence-in-depth")!, state => state.With("edge", "https", plain));
        Assert.False(result.Holds, result.Evidence);
        Assert.Contains($"{Evidence.Against}from outside these get through", result.Evidence);
        Assert.Contains("the edge stops all", result.Evidence);
    }

    [Fact]
    public async Task The_page_checks_a_claim_and_says_what_another_needs()
    {
        await using var browser = await Browser.StartAsync();
        var page = await browser.NewPageAsync();
        await page.GotoAsync(new Uri(cloud.Host.Url("traffic", "http"), "/claims").ToString());
        await CheckAsync("any-host", "holds");
        await CheckAsync("kestrel-edge", "needs the lab");

        async Task CheckAsync(string id, string state)
        {
            var check = page.GetByRole(Microsoft.Playwright.AriaRole.Button, new() { Name = $"Check {id}" });
            await Expect(check).ToBeEnabledAsync(new() { Timeout = 20_000 });
            await check.ClickAsync();
            await Expect(page.Locator($"#{id} td span")).ToHaveTextAsync(state, new() { Timeout = 20_000 });
        }
    }
}
