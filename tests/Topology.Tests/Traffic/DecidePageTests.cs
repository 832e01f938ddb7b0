using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;
using Topology.Tests.Infrastructure;
using Topology.Traffic.History;
using static Microsoft.Playwright.Assertions;

namespace Topology.Tests.Traffic;

/// <summary>The pages that help to decide, in a real browser.</summary>
public sealed class DecidePageTests : IAsyncDisposable
{
    private const float Patience = 60_000;
    private readonly string _folder = Directory.CreateTempSubdirectory("topology-decide-").FullName;
    private readonly ServiceHost _traffic;

    public DecidePageTests()
    {
        _traffic = ServiceHost.Start<ComparisonHistory>([
            ("Topology:Path", ""), ("Traffic:PairsPerSecond", "0"),
            (ComparisonHistory.FileKey, Path.Combine(_folder, "comparisons.db"))]);
        var history = _traffic.Services.GetRequiredService<ComparisonHistory>();
        history.Add(Results.Compared((0.52, 0.49, 0.55), (1.2, 0.9, 1.5)));
        history.Add(Results.Compared((0.42, 0.39, 0.45), (1.0, 0.0, 2.0)));
    }

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        await _traffic.DisposeAsync();
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task The_verdict_comes_first_and_the_price_is_the_readers()
    {
        await using var browser = await Browser.StartAsync();
        var page = await OpenAsync(browser, "");
        var verdict = page.Locator(".verdict");
        await Expect(verdict).ToContainTextAsync("The edge adds 0.42 ms to the median (95 % interval 0.39 to 0.45)");
        await Expect(verdict.Locator(".badge")).ToHaveTextAsync("p50 only");
        await Expect(page.GetByText("Measure about 4 × as long.")).ToBeVisibleAsync();
        var row = page.GetByRole(AriaRole.Region, new() { Name = "CPU and memory" }).Last.GetByRole(AriaRole.Row, new() { Name = "edge" });
        await page.GetByLabel("Your requests per second").FillAsync("10000");
        await page.GetByLabel("Price of a core for a month").FillAsync("20");
        await page.GetByLabel("Price of a core for a month").PressAsync("Tab");
        await Expect(row).ToContainTextAsync("2.30", new() { Timeout = Patience });
        await Expect(row).ToContainTextAsync("46.00", new() { Timeout = Patience });
        Assert.Contains("CorePrice=20", page.Url, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Two_runs_are_shown_side_by_side_and_a_result_is_Markdown_too()
    {
        await using var browser = await Browser.StartAsync();
        var page = await OpenAsync(browser, "?comparison=2&with=1");
        var table = page.GetByRole(AriaRole.Region, new() { Name = "Two runs" });
        await Expect(table.GetByRole(AriaRole.Row)).ToHaveCountAsync(4);
        await Expect(page.GetByText("has no interval")).ToBeVisibleAsync();
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Copy as Markdown" })).ToBeVisibleAsync();
        await Expect(page.GetByRole(AriaRole.Link, new() { Name = "2 and 1" })).ToBeVisibleAsync();
        var markdown = await _traffic.Client().GetStringAsync("/comparisons/2.md", Cancelled);
        Assert.StartsWith("**p50 only**: The edge adds 0.42 ms", markdown, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Four_answers_lead_to_a_setup_and_stay_in_the_address()
    {
        await using var browser = await Browser.StartAsync();
        var page = await OpenAsync(browser, "decide");
        await Expect(page.GetByText("Answer all four questions.")).ToBeVisibleAsync();
        foreach (var answer in (string[])["Yes, clients come from the Internet", "No, one service", "No", "Each service, itself"])
        {
            await page.GetByRole(AriaRole.Radio, new() { Name = answer, Exact = true }).CheckAsync();
        }

        var advice = page.GetByRole(AriaRole.Heading, new() { Name = "Kestrel as the edge server, with Hardening" });
        await Expect(advice).ToBeVisibleAsync(new() { Timeout = Patience });
        await page.ReloadAsync();
        await Expect(advice).ToBeVisibleAsync(new() { Timeout = Patience });
        await Expect(page.GetByText("builder.AddHardening(); app.UseHardening();")).ToBeVisibleAsync();
    }

    [Fact]
    public async Task Every_cell_of_the_scorecard_links_to_its_evidence_and_fits_a_phone()
    {
        await using var browser = await Browser.StartAsync();
        var page = await OpenAsync(browser, "decide");
        await Expect(page.GetByRole(AriaRole.Link, new() { Name = "0.230 ms/request, 2.3 × direct" })).ToHaveAttributeAsync(
            "href", "/?comparison=2");
        await Expect(page.GetByRole(AriaRole.Link, new() { Name = "not checked: run claim shared-port" }).First).ToHaveAttributeAsync(
            "href", "claims#shared-port");
        await Expect(page.Locator(".score td:not(:has(a[href]))")).ToHaveCountAsync(0);
        await page.SetViewportSizeAsync(400, 900);
        Assert.InRange(await page.EvaluateAsync<int>("document.documentElement.scrollWidth"), 0, 400);
        using var document = await _traffic.Client().GetAsync("/docs/proxies.md", Cancelled);
        Assert.Contains("IIS needs Windows", await document.Content.ReadAsStringAsync(Cancelled), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/nothing", "text/html", "There is no such page")]
    [InlineData("/comparisons/99.json", "text/html", "There is no such page")]
    [InlineData("/docs/nothing.md", "text/html", "There is no such page")]
    [InlineData("/nothing", "application/json", "\"status\":404")]
    public async Task What_is_not_there_is_a_page_for_browsers_and_problem_details_for_programs(string path, string accept, string told)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Accept.ParseAdd(accept);
        using var answer = await _traffic.Client().SendAsync(request, Cancelled);
        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        Assert.Contains(told, await answer.Content.ReadAsStringAsync(Cancelled), StringComparison.Ordinal);
    }

    private async Task<IPage> OpenAsync(Browser browser, string path)
    {
        var page = await browser.NewPageAsync();
        await page.GotoAsync(new Uri(_traffic.Url("http"), path).ToString(), new() { WaitUntil = WaitUntilState.NetworkIdle });
        return page;
    }
}
