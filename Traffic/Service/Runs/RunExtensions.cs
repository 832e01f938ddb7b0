using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Topology.Comparison;
using Topology.Comparison.Pacing;
using Topology.Comparison.Reports;
using Topology.Comparison.Targets;
using Topology.Comparison.Workloads;
using Topology.Hardening.Certificates;
using Topology.Hardening.Listeners;
using Topology.Traffic.History;

namespace Topology.Traffic.Runs;

/// <summary>The body of <c>POST /comparisons</c>; defaults are those of <see cref="ComparisonOptions"/>.</summary>
/// <param name="Workload">The workload's name.</param>
/// <param name="Paths">The paths, the baseline first; empty for all that are started.</param>
/// <param name="Rate">Requests per second.</param>
/// <param name="DurationSeconds">Measured seconds for each path.</param>
/// <param name="Tls">Use the HTTPS listeners.</param>
/// <param name="HttpVersion">1 or 2.</param>
/// <param name="Arrival"><c>constant</c> or <c>poisson</c>.</param>
/// <param name="ClosedLoop">Send as fast as responses return.</param>
/// <param name="Connections">Connections to each path.</param>
/// <param name="Seed">Makes the order of blocks and the arrivals repeatable.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record ComparisonRequest(
    string? Workload = null, IReadOnlyList<string>? Paths = null, double? Rate = null, double? DurationSeconds = null, bool? Tls = null,
        int? HttpVersion = null,
    [property: JsonConverter(typeof(JsonStringEnumConverter<Arrival>))] Arrival? Arrival = null, bool? ClosedLoop = null, int? Connections =
        null, int? Seed = null)
{
    public ComparisonOptions ToOptions()
    {
        var standard = new ComparisonOptions();
        return standard with
        {
            Workload = Workload ?? standard.Workload,
            Paths = Paths ?? standard.Paths,
            Rate = Rate ?? standard.Rate,
            DurationSeconds = DurationSeconds ?? standard.DurationSeconds,
            Tls = Tls ?? standard.Tls,
            HttpVersion = HttpVersion,
            Arrival = Arrival ?? standard.Arrival,
            ClosedLoop = ClosedLoop ?? standard.ClosedLoop,
            Connections = Connections,
            Seed = Seed ?? standard.Seed,
        };
    }
}

internal static class RunExtensions
{
    /// <summary>Adds services that know the addresses of the paths, the paths that are started, and the trusted certificates.</summary>
    public static void AddTargets(this IHostApplicationBuilder builder)
    {
        builder.Services.AddSingleton<TargetMap>();
        builder.Services.AddSingleton<StartedPaths>();
        builder.Services.AddSingleton<RunningTopology>();
        builder.Services.AddSingleton(services => new PublicTrust(
            builder.Configuration,
            LocalAuthorities.AreAllowed(services.GetRequiredService<IOptions<CertificateOptions>>().Value, builder.Environment)));
    }

    public static void AddRuns(this IHostApplicationBuilder builder)
    {
        builder.Services.AddSingleton<MeasurementGate>();
        builder.Services.AddSingleton<ComparisonHistory>();
        builder.Services.AddSingleton<ComparisonRunner>();
    }

    /// <summary>
    /// <c>POST /comparisons</c>: compares, then answers with the result as Markdown.
    /// <c>GET /comparisons/{id}.json|csv|html|md</c>: a stored result as a file.
    /// </summary>
    public static void MapRuns(this WebApplication app)
    {
        app.MapMeasurement("/comparisons", CompareAsync);
        app.MapGet("/comparisons/{id:long}.{format:regex(^(json|csv|html|md)$)}", Export);
    }

    /// <summary>Maps a command that measures. Only the internal listener accepts it, and it has no timeout.</summary>
    public static void MapMeasurement(this WebApplication app, string pattern, Delegate command) =>
        app.MapPost(pattern, command).RequireInternalListener().DisableRequestTimeout().AddEndpointFilter(async (context, next) =>
            // A page of another site can make a browser post here. Browsers then send this header; other clients do not.
            context.HttpContext.Request.Headers["Sec-Fetch-Site"].ToString() is "" or "same-origin" or "none"
                ? await next(context)
                : TypedResults.Problem("A measurement cannot be started from another site.", statusCode: StatusCodes.Status403Forbidden));

    private static async Task<Results<ContentHttpResult, ProblemHttpResult>> CompareAsync(
        ComparisonRequest? body, ComparisonRunner runner, TargetMap targets, StartedPaths started, RunningTopology topology,
            CancellationToken cancellationToken)
    {
        var options = (body ?? new()).ToOptions();
        if (options.Validate() is { } problem) return TypedResults.Problem(problem, statusCode: StatusCodes.Status400BadRequest);
        var there = await started.ListAsync(targets, WorkloadCatalog.Find(options.Workload)!.Service, options.Tls, cancellationToken);
        if (options.ValidatePaths(there) is { } absent) return TypedResults.Problem(absent, statusCode: StatusCodes.Status400BadRequest);
        if (options.Paths.Count == 0) options = options with { Paths = there };
        if (runner.TryStart(options, cancellationToken) is not { } run)
        {
            return TypedResults.Problem(MeasurementGate.Busy, statusCode: StatusCodes.Status409Conflict);
        }

        var end = await run;
        if (end.Result is not { } result) return TypedResults.Problem(end.Failure, statusCode: StatusCodes.Status503ServiceUnavailable);
        return TypedResults.Text(Markdown(end.Id, result, topology), "text/markdown");
    }

    /// <summary>A stored result as Markdown, with a link to it.</summary>
    public static string Markdown(long id, ComparisonResult result, RunningTopology topology)
    {
        var page = $"/?comparison={id}";
        return MarkdownReport.Render(result, topology.Page is { } own ? new Uri(own, page).ToString() : page);
    }

    private static Results<ContentHttpResult, NotFound> Export(
        long id, string format, ComparisonHistory history, RunningTopology topology, HttpResponse response)
    {
        if (history.Find(id) is not { } result) return TypedResults.NotFound();
        if (format is "json" or "csv") response.Headers.ContentDisposition = $"attachment; filename=\"comparison-{id}.{format}\"";
        return format switch
        {
            "json" => TypedResults.Text(ResultFiles.Json(result), "application/json"),
            "csv" => TypedResults.Text(ResultFiles.Csv(result), "text/csv"),
            "md" => TypedResults.Text(Markdown(id, result, topology), "text/plain", System.Text.Encoding.UTF8),
            _ => TypedResults.Text(HtmlReport.Render(result), "text/html"),
        };
    }
}
