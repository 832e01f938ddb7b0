using System.Text.Json;
using Topology.Claims;
using Topology.Claims.Checks;
using Topology.Claims.Lab;
using Topology.Comparison.Targets;
using Topology.Tests.Infrastructure;
using static Microsoft.Playwright.Assertions;

namespace Topology.AppHost.Tests.Claims;

/// <summary>Every claim holds in the lab, and fails if what it relies on is missing.</summary>
public sealed class ClaimTests(ClaimsFixture claims) : IClassFixture<ClaimsFixture>
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public static TheoryData<string> Ids => [.. ClaimCatalog.All.Select(claim => claim.Id)];

    [Theory]
    [MemberData(nameof(Ids))]
    public async Task It_holds_in_the_lab(string id)
    {
        var result = await claims.CheckAsync(ClaimCatalog.Find(id)!);
        TestContext.Current.TestOutputHelper?.WriteLine(result.Evidence);
        Assert.True(result.Holds, result.Evidence);
        Assert.DoesNotContain(Evidence.Against, result.Evidence);
    }

    [Theory]
    [MemberData(nameof(Ids))]
    public async Task It_fails_where_what_it_relies_on_is_missing(string id)
    {
        var (claim, change) = Without(id);
        var result = await claims.CheckAsync(claim, change);
        TestContext.Current.TestOutputHelper?.WriteLine(result.Evidence);
        Assert.False(result.Holds, result.Evidence);
        Assert.Contains(Evidence.Against, result.Evidence);
    }

    /// <summary>Removes what each claim relies on.</summary>
    private (Claim Claim, Func<TopologyState, TopologyState> Change) Without(string id)
    {
        var plain = claims.Lab.Plain;
        return id switch
        {
            // A certificate that clients do not trust on a public listener.
            "kestrel-edge" => (new KestrelEdgeClaim(), state => state.With("catalog-1", "https", state.Url("catalog-1", "internal-tls"))),
            // No proxy where the proxy should be.
            "behind-proxy" => (new BehindProxyClaim(), state => state.With("edge", "http", state.Url("catalog-1", "http"))),
            // No process on the port.
            "one-port-one-process" =>
                (new OnePortOneProcessClaim(), state => state.With("catalog-1", "http", new($"http://localhost:{OwnService.FreePort()}"))),
            // A Kestrel without sites.
            "shared-port" => (new SharedPortClaim(), state => state.With("edge", "http", state.Url("catalog-1", "http"))),
            // No host filtering at the edge.
            "any-host" => (new AnyHostClaim(), state => state.With("edge", "http", plain.Address)),
            // An internal listener exposed.
            "exposed-surface" => (new ExposedSurfaceClaim(), state => state.With("edge", "http", state.Url("catalog-1", "internal"))),
            // No hardening at the edge.
            "defence-in-depth" => (new DefenceInDepthClaim(), state => state.With("edge", "http", plain.Address)),
            // No balancing: one replica answers all. Nothing is killed then.
            "load-balancing" => (new LoadBalancingClaim(), state => state.With("edge", "http", state.Url("catalog-1", "http"))),
            // A public certificate on the internal network.
            "certificates" => (new CertificatesClaim(), state => state.With("catalog-1", "internal-tls", state.Url("catalog-1", "https"))),
            // No HTTPS on the internal network.
            "internal-https-cost" => (new InternalHttpsCostClaim(1, 10), state => state.With("edge-tls", insteadOf: "edge")),
            // No host filtering on a direct listener.
            "poisoned-link" => (new PoisonedLinkClaim(), state => state.With("catalog-1", "http", plain.Address)),
            // Forwarded headers trusted from any client.
            "forwarded-headers" => (new ForwardedHeadersClaim(), state => state.With("edge", "http", plain.TrustsEveryone)),
            // Another application behind the edge.
            "identical-answers" => (new IdenticalAnswersClaim(), state => state.With("edge", "http", plain.Address)),
            // Two processes that would listen on one port.
            "own-address" =>
                (new OwnAddressClaim(), state => state.With("catalog-1", "internal-h2", state.Url("catalog-2", "internal-h2"))),
            // One backend only: then a proxy saves nothing.
            "simpler-configuration" => (new SimplerConfigurationClaim(), state => state with
            {
                Resources = [.. state.Resources.Where(resource => resource.Name is "media" or "edge" or "edge-tls")],
            }),
            _ => throw new ArgumentException($"The claim {id} has no failing case; add one that removes what it relies on.", nameof(id)),
        };
    }

    [Fact]
    public async Task The_command_writes_what_it_found_and_exits_with_0()
    {
        var file = Path.Combine(Directory.CreateTempSubdirectory("topology-claims-").FullName, "claims.json");
        var (exit, output, _) =
            await RunAsync("--attach", "--state", claims.Host.StateFile, "--only", "own-address,any-host", "--json", file);
        Assert.Equal(0, exit);
        Assert.Contains("2 of 2 claims hold.", output);
        using var document = JsonDocument.Parse(await File.ReadAllTextAsync(file, Cancelled));
        Assert.Equal(
            ["any-host", "own-address"], document.RootElement.EnumerateArray().Select(entry => entry.GetProperty("id").GetString()));
        Assert.All(document.RootElement.EnumerateArray(), entry =>
        {
            Assert.Equal(["id", "claim", "holds", "evidence", "source", "done"], entry.EnumerateObject().Select(property => property.Name));
            Assert.True(entry.GetProperty("holds").GetBoolean());
        });
    }

    [Fact]
    public async Task The_command_exits_with_1_where_a_claim_does_not_hold()
    {
        var state = RunningTopology.Read(claims.Host.StateFile)!.With("edge", "http", claims.Lab.Plain.Address);
        var file = Path.Combine(Directory.CreateTempSubdirectory("topology-claims-").FullName, "topology.json");
        await File.WriteAllTextAsync(file, JsonSerializer.Serialize(state, JsonSerializerOptions.Web), Cancelled);
        Assert.Equal(1, (await RunAsync("--attach", "--state", file, "--only", "own-address")).Status);
    }

    [Theory]
    [InlineData("--only", "no-such-claim")]
    [InlineData("--proxies", "no-such-proxy")]
    [InlineData("--attach", "--proxies", "nginx")]
    [InlineData("--attach", "--state", "no/such/file.json")]
    [InlineData("--json", "/no/such/folder/claims.json")]
    [InlineData("--no-such-option")]
    public async Task Bad_arguments_are_answered_with_2_and_one_line(params string[] arguments)
    {
        var (exit, output, error) = await RunAsync(arguments);
        Assert.Equal((2, ""), (exit, output));
        Assert.Single(error.TrimEnd().Split('\n'));
    }

    [Fact]
    public async Task The_page_checks_a_claim_and_fits_a_phone_in_the_dark()
    {
        await using var browser = await Browser.StartAsync();
        var page = await browser.NewPageAsync(400, 800, Microsoft.Playwright.ColorScheme.Dark);
        await page.GotoAsync(new Uri(claims.Host.Url("traffic", "http"), "/").ToString());
        await page.GetByRole(Microsoft.Playwright.AriaRole.Link, new() { Name = "claims" }).ClickAsync();
        var check = page.GetByRole(Microsoft.Playwright.AriaRole.Button, new() { Name = "Check own-address" });
        await Expect(check).ToBeEnabledAsync(new() { Timeout = 20_000 });
        await check.FocusAsync();
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.GetByRole(Microsoft.Playwright.AriaRole.Status)).ToHaveTextAsync(
            "1 of 1 checked claims hold.", new() { Timeout = 30_000 });
        Assert.Equal(ClaimCatalog.All.Count, await page.Locator("table.claims tbody tr").CountAsync());
        Assert.True(
            await page.EvaluateAsync<bool>(
            "document.documentElement.scrollWidth <= innerWidth && document.querySelector('.scrolls').scrollWidth <= innerWidth"));
        await page.ScreenshotAsync(new() { Path = Path.Combine(AppContext.BaseDirectory, "screenshots", "claims-phone.png") });
    }

    private static Task<(int Status, string Output, string Error)> RunAsync(params string[] arguments) =>
        TrafficCommand.RunAsync(null, ["claims", .. arguments]);
}
