using Microsoft.Playwright;
using Topology.AppHost.Tests.Infrastructure;
using Topology.Tests.Infrastructure;
using static Microsoft.Playwright.Assertions;

namespace Topology.AppHost.Tests.Lab;

/// <summary>Aspire's dashboard in a real browser.</summary>
[Collection(RunningLab.Collection)]
public sealed class DashboardTests(Infrastructure.Lab lab)
{
    private const float Patience = 60_000;

    [Fact]
    public async Task It_lists_resources_in_groups_and_shows_no_warning()
    {
        var running = await lab.StartAsync();
        await using var browser = await Browser.StartAsync();
        var page = await browser.NewPageAsync(1600, 1000);
        await page.GotoAsync(running.Dashboard().LoginUrl.ToString());
        foreach (var name in (string[])["backends", "catalog-1", "edges", "edge-tls", "other-proxies", "traffic"])
        {
            await Expect(page.GetByRole(AriaRole.Row).Filter(new() { HasText = name }).First).ToBeVisibleAsync(
                new() { Timeout = Patience });
        }

        await Expect(page.GetByText("certificate")).ToHaveCountAsync(0);
        await page.ScreenshotAsync(new() { Path = Path.Combine(AppContext.BaseDirectory, "screenshots", "dashboard-resources.png") });
    }

    [Fact]
    public async Task Compare_paths_asks_measures_and_shows_the_result()
    {
        var running = await lab.StartAsync();
        await using var browser = await Browser.StartAsync();
        var page = await browser.NewPageAsync(1600, 1200);
        await page.GotoAsync(running.Dashboard().LoginUrl.ToString());
        await page.Locator("[title^='Sends the same requests']").First.ClickAsync(new() { Timeout = Patience });

        await Field("Paths").FillAsync("direct,edge");
        await Field("Requests per second").FillAsync("100");
        await Field("Seconds per path").FillAsync("1");
        await page.Locator("fluent-dialog fluent-button:text-is('Compare paths')").ClickAsync();
        await Expect(page.GetByText("Comparing paths").First).ToBeVisibleAsync(new() { Timeout = Patience });

        await Expect(page.GetByText("Charts and exports of this result")).ToBeVisibleAsync(new() { Timeout = Patience });
        // The verdict's table, and the numbers that it comes from.
        var tables = page.Locator("fluent-dialog table");
        await Expect(tables).ToHaveCountAsync(2);
        foreach (var table in await tables.AllAsync())
        {
            var rows = table.Locator("tr");
            await Expect(rows).ToHaveCountAsync(3);
            await Expect(rows.Nth(1)).ToContainTextAsync("direct");
            await Expect(rows.Nth(2)).ToContainTextAsync("edge");
        }

        await Expect(page.GetByText("The control found")).ToBeVisibleAsync();
        await page.ScreenshotAsync(new() { Path = Path.Combine(AppContext.BaseDirectory, "screenshots", "dashboard-compare.png") });

        ILocator Field(string label) => page.Locator(".interaction-input").Filter(new() { HasText = label }).Locator("input").First;
    }
}
