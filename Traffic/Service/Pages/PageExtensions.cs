using Radzen;

namespace Topology.Traffic.Pages;

internal static class PageExtensions
{
    /// <summary>Adds the pages as server-side components, so a browser needs only this service.</summary>
    public static void AddPages(this IHostApplicationBuilder builder)
    {
        builder.Services.AddRazorComponents().AddInteractiveServerComponents();
        builder.Services.AddRadzenComponents();
    }

    /// <summary>Maps the pages and their assets, all served by this service.</summary>
    public static void MapPages(this WebApplication app)
    {
        app.MapStaticAssets();
        app.MapRazorComponents<App>().AddInteractiveServerRenderMode();
    }
}
