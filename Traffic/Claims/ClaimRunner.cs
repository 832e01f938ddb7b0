using System.Text.Encodings.Web;
using System.Text.Json;
using Topology.Claims.Lab;

namespace Topology.Claims;

/// <summary>Checks claims one after another: two at once would be in each other's measurements.</summary>
public static class ClaimRunner
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    /// <summary>JSON as <c>--json</c> writes it.</summary>
    public static JsonSerializerOptions Json { get; } = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        NewLine = "\n",
        // The file is never part of a page, and sentences are to be read.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Checks one claim. A claim that cannot be checked does not hold.</summary>
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
            // Whatever goes wrong is this claim's result; the others go on.
            evidence.Expect(false, exception is OperationCanceledException
                ? $"not done within {Patience.TotalMinutes:0} minutes"
                : $"it could not be checked to the end: {exception.GetBaseException().Message}");
        }

        return new(claim.Id, claim.Sentence, evidence.Holds, evidence.ToString(), claim.Source, claim.Done);
    }

    /// <summary>How many claims hold, in one sentence or two.</summary>
    /// <param name="results">What was checked.</param>
    /// <param name="unmet">How many claims could not be checked here.</param>
    public static string Summary(IReadOnlyCollection<ClaimResult> results, int unmet) =>
        $"{results.Count(result => result.Holds)} of {results.Count} claims "
            + $"hold.{(unmet == 0 ? "" : $" {unmet} could not be put to what runs.")}";
}
