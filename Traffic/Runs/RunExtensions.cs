using Microsoft.AspNetCore.Http.HttpResults;
using Topology.ServiceDefaults.Listeners;
using Topology.Traffic.Comparison;
using Topology.Traffic.History;
using Topology.Traffic.Reports;
using Topology.Traffic.Targets;

namespace Topology.Traffic.Runs;

internal static class RunExtensions
{
    public static void AddRuns(this IHostApplicationBuilder builder)
    {
        builder.Services.AddSingleton<ComparisonHistory>();
        builder.Services.AddSingleton<ComparisonRunner>();
    }

    /// <summary>
    /// <c>POST /comparisons</c>, on the internal listener: starts the comparison that the page offers first; for the
    /// dashboard's command. <c>GET /comparisons/{id}.json|csv|html</c>: a kept result as a file.
    /// </summary>
    public static void MapRuns(this WebApplication app)
    {
        app.MapPost("/comparisons", Start).RequireInternalListener();
        app.MapGet("/comparisons/{id:long}.{format:regex(^(json|csv|html)$)}", Export);
    }

    private static async Task<Results<Accepted, ProblemHttpResult>> Start(
        HttpRequest request, ComparisonRunner runner, TargetMap targets, StartedPaths started, CancellationToken cancellationToken)
    {
        // A page of another site can make a browser post here; browsers say so in this header, and other clients do not send it.
        if (request.Headers["Sec-Fetch-Site"].ToString() is not ("" or "same-origin" or "none"))
        {
            return TypedResults.Problem("A comparison is not started from another site.", statusCode: StatusCodes.Status403Forbidden);
        }

        var options = new ComparisonOptions();
        options = options with { Paths = await started.ListAsync(targets, options.Workload, options.Tls, cancellationToken) };
        return runner.Start(options) is { } problem
            ? TypedResults.Problem(problem, statusCode: StatusCodes.Status409Conflict)
            : TypedResults.Accepted((string?)null);
    }

    private static Results<ContentHttpResult, NotFound> Export(long id, string format, ComparisonHistory history, HttpResponse response)
    {
        if (history.Find(id) is not { } result) return TypedResults.NotFound();
        if (format != "html") response.Headers.ContentDisposition = $"attachment; filename=\"comparison-{id}.{format}\"";
        return format switch
        {
            "json" => TypedResults.Text(ResultFiles.Json(result), "application/json"),
            "csv" => TypedResults.Text(ResultFiles.Csv(result), "text/csv"),
            _ => TypedResults.Text(HtmlReport.Render(result), "text/html"),
        };
    }
}
