using Topology.Claims.Lab;

namespace Topology.Claims;

/// <summary>Why a claim cannot be put to the topology at hand: that is neither for it nor against it.</summary>
/// <param name="What">What it needs, to be read after "needs".</param>
/// <param name="Why">What is so here, and what to do about it if anything: a sentence.</param>
public sealed record MissingRequirement(string What, string Why)
{
    /// <summary>Beside the cloud's shape the claim has no meaning; null in the lab.</summary>
    /// <param name="lab">What the claim would be put to.</param>
    /// <param name="why">What is so in the cloud's shape: a sentence.</param>
    public static MissingRequirement? LabOnly(ClaimLab lab, string why)
    {
        ArgumentNullException.ThrowIfNull(lab);
        return lab.IsCloud ? new("the lab", why) : null;
    }

    /// <summary>The claim asks services for whoami; null where they all answer.</summary>
    /// <param name="lab">What the claim would be put to.</param>
    /// <param name="services">The services that it asks.</param>
    public static MissingRequirement? WhoAmIIn(ClaimLab lab, params IEnumerable<string> services)
    {
        ArgumentNullException.ThrowIfNull(lab);
        string[] silent = [.. services.Where(service => !lab.AnswersWhoAmI(service))];
        return silent.Length == 0 ? null
            : new("whoami",
            $"Whoami is off in {string.Join(", ", silent)}, as in production: start the run with Topology__WhoAmI=true in its "
            + $"environment.");
    }
}
