using Topology.Claims.Lab;

namespace Topology.Claims;

/// <summary>Why a claim cannot be checked on this topology. It is then neither confirmed nor refuted.</summary>
/// <param name="What">What the claim needs, to be shown after "needs".</param>
/// <param name="Why">The reason, and what to change if anything: a sentence.</param>
public sealed record MissingRequirement(string What, string Why)
{
    /// <summary>The requirement of claims that make sense only in the lab. Null if this is the lab.</summary>
    /// <param name="lab">The lab to check.</param>
    /// <param name="why">Why the claim makes no sense behind an ingress: a sentence.</param>
    public static MissingRequirement? LabOnly(ClaimLab lab, string why)
    {
        ArgumentNullException.ThrowIfNull(lab);
        return lab.IsCloud ? new("the lab", why) : null;
    }

    /// <summary>The requirement of claims that send whoami requests. Null if every given service answers whoami requests.</summary>
    /// <param name="lab">The lab to check.</param>
    /// <param name="services">The services that the claim asks.</param>
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
