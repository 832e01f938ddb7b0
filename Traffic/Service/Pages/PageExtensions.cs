using Microsoft.AspNetCore.Http.HttpResults;
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

    /// <summary>Answers a browser's request for what is not there with a page; programs get problem details.</summary>
    public static void UsePages(this WebApplication app) => app.UseWhen(
        context => context.Request.GetTypedHeaders().Accept.Any(type => type.MediaType == "text/html"),
        browser => browser.UseStatusCodePages(error => error.HttpContext.Response.StatusCode == StatusCodes.Status404NotFound
            ? new RazorComponentResult<App>(new { IsMissing = true }) { StatusCode = StatusCodes.Status404NotFound }
                .ExecuteAsync(error.HttpContext)
            : Task.CompletedTask));

    /// <summary>Maps the pages, the documents that they link, and their assets, all served by this service.</summary>
    public static void MapPages(this WebApplication app)
    {
        app.MapStaticAssets();
        app.MapGet("/docs/{name:regex(^[a-z]+$)}.md", (string name) =>
            typeof(PageExtensions).Assembly.GetManifestResourceStream($"docs/{name}.md") is { } document
                ? Results.Stream(document, "text/plain; charset=utf-8") : Results.NotFound());
        app.MapRazorComponents<App>().AddInteractiveServerRenderMode();
    }
}
