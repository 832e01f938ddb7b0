using Radzen;

namespace Topology.Traffic.Pages;

internal static class PageExtensions
{
    /// <summary>The page: server-side components, so that a browser needs nothing but this service.</summary>
    public static void AddPages(this IHostApplicationBuilder builder)
    {
        builder.Services.AddRazorComponents().AddInteractiveServerComponents();
        builder.Services.AddRadzenComponents();
    }

    /// <summary>Maps the page at <c>/</c> and what it loads; everything comes from this service.</summary>
    public static void MapPages(this WebApplication app)
    {
        app.MapStaticAssets();
        app.MapRazorComponents<App>().AddInteractiveServerRenderMode();
    }
}
