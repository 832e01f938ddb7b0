using System.Net;
using Microsoft.Playwright;
using Topology.Tests.Infrastructure;
using Topology.Traffic.History;
using static Microsoft.Playwright.Assertions;

namespace Topology.Tests.Traffic;

/// <summary>Traffic's page in a real browser, over the real services.</summary>
public sealed class ComparePageTests(RealServices services) : IClassFixture<RealServices>, IAsyncDisposable
{
    private const float Patience = 60_000;
    private readonly string _folder = Directory.CreateTempSubdirectory("topology-page-").FullName;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync()
    {
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        Directory.Delete(_folder, recursive: true);
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task A_comparison_is_started_followed_and_kept_across_a_restart()
    {
        await using var browser = await Browser.StartAsync();
        await using (var traffic = Start())
        {
            var page = await OpenAsync(browser, traffic);
            await Expect(page.GetByText("There is no comparison yet")).ToBeVisibleAsync();
            await StartAsync(page, rate: "100", seconds: "1");
            await Expect(page.GetByRole(AriaRole.Progressbar)).ToBeVisibleAsync(new() { Timeout = Patience });
            await Expect(page.GetByText(" left.")).ToBeVisibleAsync();
            await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Result 1: catalog" })).ToBeVisibleAsync(
                new() { Timeout = Patience });
            await Expect(page.GetByText("The control found").Filter(new() { HasText = "direct against itself, p50" }))
                .ToBeVisibleAsync();
            await Expect(page.Locator("figure")).ToHaveCountAsync(4);
            // The form kept what it was given.
            await Expect(page.GetByLabel("Rate, requests per second")).ToHaveValueAsync("100");
            await Expect(page.GetByText("1 s on each of 2 paths")).ToBeVisibleAsync();
            await Expect(page.Locator(".rz-chart path").First).ToBeAttachedAsync(new() { Timeout = Patience });

            foreach (var (format, type) in ((string, string)[])[("json", "application/json"), ("csv", "text/csv"), ("html", "text/html")])
            {
                using var export = await traffic.Client().GetAsync($"/comparisons/1.{format}", Cancelled);
                Assert.Equal((HttpStatusCode.OK, type), (export.StatusCode, export.Content.Headers.ContentType?.MediaType));
            }

            await page.SetViewportSizeAsync(400, 900);
            Assert.InRange(await page.EvaluateAsync<int>("document.documentElement.scrollWidth"), 0, 400);
            await page.CloseAsync();
        }

        await using (var again = Start())
        {
            var page = await OpenAsync(browser, again);
            await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Result 1: catalog" })).ToBeVisibleAsync(
                new() { Timeout = Patience });
            await page.GetByRole(AriaRole.Link, new() { Name = "1", Exact = true }).ClickAsync();
            await Expect(page.Locator("tr[aria-current]")).ToHaveCountAsync(1);
        }
    }

    [Fact]
    public async Task A_running_comparison_is_cancelled_with_the_keyboard()
    {
        await using var browser = await Browser.StartAsync();
        await using var traffic = Start();
        var page = await OpenAsync(browser, traffic);
        await StartAsync(page, rate: "100", seconds: "300");
        var cancel = page.GetByRole(AriaRole.Button, new() { Name = "Cancel" });
        await cancel.FocusAsync(new() { Timeout = Patience });
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.GetByText("The comparison was cancelled.")).ToBeVisibleAsync(new() { Timeout = Patience });
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Compare" })).ToBeVisibleAsync();
        await Expect(page.GetByText("There is no comparison yet")).ToBeVisibleAsync();
    }

    [Theory]
    [InlineData("0", "The rate is 0; give 0.1 to 20000 requests a second.")]
    [InlineData("", "Rate and seconds must be numbers.")]
    public async Task An_invalid_rate_is_reported_beside_the_form_and_nothing_starts(string rate, string told)
    {
        await using var browser = await Browser.StartAsync();
        await using var traffic = Start();
        var page = await OpenAsync(browser, traffic);
        await StartAsync(page, rate, seconds: "1");
        await Expect(page.GetByRole(AriaRole.Alert)).ToHaveTextAsync(told, new() { Timeout = Patience });
        await Expect(page.GetByRole(AriaRole.Progressbar)).ToHaveCountAsync(0);
    }

    [Fact]
    public async Task Everything_the_page_loads_comes_from_its_own_service()
    {
        await using var browser = await Browser.StartAsync();
        await using var traffic = Start();
        var page = await browser.NewPageAsync();
        var loaded = new List<string>();
        page.Request += (_, request) => loaded.Add(request.Url);
        var errors = new List<string>();
        page.Console += (_, message) =>
        {
            if (message.Type == "error") errors.Add(message.Text);
        };
        await page.GotoAsync(traffic.Url("http").ToString(), new() { WaitUntil = WaitUntilState.NetworkIdle });
        Assert.All(loaded, url => Assert.StartsWith(traffic.Url("http").GetLeftPart(UriPartial.Authority), url, StringComparison.Ordinal));
        Assert.Empty(errors);
    }

    private ServiceHost Start() => ServiceHost.Start<ComparisonHistory>([
        .. services.Discovery(), ("Topology:Path", ""), ("Traffic:PairsPerSecond", "0"),
            (ComparisonHistory.FileKey, Path.Combine(_folder, "comparisons.db"))]);

    private static async Task<IPage> OpenAsync(Browser browser, ServiceHost traffic)
    {
        var page = await browser.NewPageAsync();
        await page.GotoAsync(traffic.Url("http").ToString(), new() { WaitUntil = WaitUntilState.NetworkIdle });
        return page;
    }

    /// <summary>Waits for the button, which is enabled when the page's circuit is connected.</summary>
    private static async Task StartAsync(IPage page, string rate, string seconds)
    {
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Compare" })).ToBeEnabledAsync(new() { Timeout = Patience });
        await page.GetByLabel("Rate, requests per second").FillAsync(rate);
        await page.GetByText("Advanced").ClickAsync();
        await page.GetByLabel("Seconds on each path").FillAsync(seconds);
        await page.GetByRole(AriaRole.Button, new() { Name = "Compare" }).ClickAsync();
    }
}
