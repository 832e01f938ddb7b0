using System.Text.Encodings.Web;
using System.Text.Json;
using Topology.Claims.Lab;

namespace Topology.Claims;

/// <summary>Checks one claim at a time, so that checks do not disturb each other's measurements.</summary>
public static class ClaimRunner
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    /// <summary>The JSON format of <c>--json</c>.</summary>
    public static JsonSerializerOptions Json { get; } = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        NewLine = "\n",
        // The file is never embedded in a page, so readable characters need no escaping.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Checks one claim. If the check fails with an error or takes too long, the claim does not hold.</summary>
    public static async Task<ClaimResult> CheckAsync(Claim claim, ClaimLab lab, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(claim);
        var evidence = new Evidence();
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Patience);
        try
        {
            await claim.CheckAsync(lab, evidence, patience.Token);
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            // An error fails this claim only; the others continue.
            evidence.Expect(false, exception is OperationCanceledException
                ? $"the check did not finish within {Patience.TotalMinutes:0} minutes"
                : $"the check failed: {exception.GetBaseException().Message}");
        }

        return new(claim.Id, claim.Sentence, evidence.Holds, evidence.ToString(), claim.Source, claim.Method);
    }

    /// <summary>How many claims hold, and how many were not checked.</summary>
    /// <param name="results">The claims that were checked.</param>
    /// <param name="unmet">How many claims could not be checked here.</param>
    public static string Summary(IReadOnlyCollection<ClaimResult> results, int unmet) =>
        $"{results.Count(result => result.Holds)} of {results.Count} claims "
            + $"hold.{(unmet == 0 ? "" : $" {unmet} could not be checked on this topology.")}";
}
