using Microsoft.Playwright;
using Topology.AppHost.Tests.Infrastructure;
using Topology.Tests.Infrastructure;
using static Microsoft.Playwright.Assertions;

namespace Topology.AppHost.Tests.Lab;

/// <summary>The pages in a real browser.</summary>
[Collection(RunningLab.Collection)]
public sealed class PageTests(Infrastructure.Lab lab)
{
    private const float Patience = 30_000;

    [Fact]
    public async Task The_dashboards_trace_page_shows_a_pair_with_every_path()
    {
        var dashboard = (await lab.StartAsync()).Dashboard();
        var id = "";
        await Eventually.TrueAsync(
            async () =>
                (id = (await dashboard.TracesAsync()).LastOrDefault(span => span.Name == "pair catalog")?.TraceId ?? "") != "",
                seconds: 60);

        await using var browser = await Browser.StartAsync();
        var page = await browser.NewPageAsync(1600, 2400);
        await page.GotoAsync(dashboard.LoginUrl.ToString());
        await page.GotoAsync(new Uri(dashboard.LoginUrl, $"/traces/detail/{id}").ToString());
        foreach (var text in (string[])["pair catalog", "catalog direct", "catalog edge", "catalog edge-tls"])
        {
            await Expect(page.GetByText(text, new() { Exact = false }).First).ToBeVisibleAsync(new() { Timeout = Patience });
        }

        await SaveAsync(page, "dashboard-trace");
    }

    [Fact]
    public async Task Traffics_page_shows_the_paths_the_dashboard_and_the_last_pairs()
    {
        var host = await lab.StartAsync();
        await using var browser = await Browser.StartAsync();
        var page = await browser.NewPageAsync();
        await page.GotoAsync(host.Url("traffic", "http").ToString());
        await Expect(page.GetByText("edge-tls").First).ToBeVisibleAsync(new() { Timeout = Patience });
        await Expect(page.GetByRole(AriaRole.Cell, new() { Name = "equal", Exact = true }).First).ToBeVisibleAsync(
            new() { Timeout = Patience });
        await SaveAsync(page, "traffic");
    }

    /// <summary>Saves a screenshot in the build's output.</summary>
    private static Task<byte[]> SaveAsync(IPage page, string name) =>
        page.ScreenshotAsync(new() { Path = Path.Combine(AppContext.BaseDirectory, "screenshots", $"{name}.png") });
}
