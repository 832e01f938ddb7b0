using Topology.Claims;
using Topology.Comparison.Reports;

namespace Topology.Traffic.Claims;

/// <summary>The results of claims as Markdown, for the dashboard.</summary>
internal static class ClaimsMarkdown
{
    /// <summary>A table of claims and a summary.</summary>
    public static string Render(IReadOnlyList<(Claim Claim, ClaimState State)> claims)
    {
        var results = claims.Select(entry => entry.State.Result).OfType<ClaimResult>().ToArray();
        var table = MarkdownReport.Table(
            ["claim", "holds", "evidence"],
            claims.Select(entry => (string[])[
                $"**{entry.Claim.Id}** {entry.Claim.Sentence}",
                entry.State.MissingRequirement is { } need ? $"needs {need.What}" : entry.State.Result is { Holds: true } ? "yes"
                    : "**no**",
                entry.State.MissingRequirement?.Why ?? entry.State.Result?.Evidence ?? ""]));
        return $"{table}\n{ClaimRunner.Summary(results, claims.Count - results.Length)}\n";
    }
}
