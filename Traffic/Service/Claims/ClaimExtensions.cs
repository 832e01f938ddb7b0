using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http.HttpResults;
using Topology.Claims;
using Topology.Claims.Checks;
using Topology.Traffic.Runs;

namespace Topology.Traffic.Claims;

/// <summary>The body of <c>POST /claims</c>.</summary>
/// <param name="Only">The claims to check; empty for all.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record ClaimsRequest(IReadOnlyList<string>? Only = null);

internal static class ClaimExtensions
{
    public static void AddClaims(this IHostApplicationBuilder builder) => builder.Services.AddSingleton<ClaimRuns>();

    /// <summary><c>POST /claims</c>: checks claims, then answers with the evidence as Markdown.</summary>
    public static void MapClaims(this WebApplication app) => app.MapMeasurement("/claims", CheckAsync);

    private static async Task<Results<ContentHttpResult,
        ProblemHttpResult>> CheckAsync(ClaimsRequest? body, ClaimRuns runs, CancellationToken cancellationToken)
    {
        var only = body?.Only ?? [];
        if (only.FirstOrDefault(id => ClaimCatalog.Find(id) is null) is { } unknown)
        {
            return TypedResults.Problem(
                $"Unknown claim \"{unknown}\"; use some of {ClaimCatalog.Ids}.", statusCode: StatusCodes.Status400BadRequest);
        }

        Claim[] claims = [.. ClaimCatalog.All.Where(claim => only.Count == 0 || only.Contains(claim.Id))];
        if (runs.TryStart(claims, cancellationToken) is not { } run)
        {
            return TypedResults.Problem(MeasurementGate.Busy, statusCode: StatusCodes.Status409Conflict);
        }
        return await run is { } failure
            ? TypedResults.Problem(failure, statusCode: StatusCodes.Status503ServiceUnavailable)
            : TypedResults.Text(ClaimsMarkdown.Render([.. claims.Select(claim => (claim, runs[claim.Id]))]), "text/markdown");
    }
}
