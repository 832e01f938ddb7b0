using Microsoft.Playwright;

namespace Topology.Tests.Infrastructure;

/// <summary>The installed Chromium.</summary>
public sealed class Browser : IAsyncDisposable
{
    private static readonly string[] Places = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
    private readonly IPlaywright _playwright;
    private readonly IBrowser _browser;

    private Browser(IPlaywright playwright, IBrowser browser) => (_playwright, _browser) = (playwright, browser);

    /// <summary>Starts the browser, or skips the test if none is installed.</summary>
    public static async Task<Browser> StartAsync()
    {
        var executable = Array.Find(Places, File.Exists);
        Assert.SkipWhen(executable is null, "No Chromium is installed; on Debian: apt-get install chromium.");
        var playwright = await Playwright.CreateAsync();
        return new(playwright, await playwright.Chromium.LaunchAsync(new()
        {
            ExecutablePath = executable,
            Args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
                "--disable-component-update", "--disable-sync"],
        }));
    }

    public Task<IPage> NewPageAsync(int width = 1400, int height = 1000, ColorScheme? scheme = null) =>
        _browser.NewPageAsync(new() { ViewportSize = new() { Width = width, Height = height }, ColorScheme = scheme });

    public async ValueTask DisposeAsync()
    {
        await _browser.DisposeAsync();
        _playwright.Dispose();
    }
}
