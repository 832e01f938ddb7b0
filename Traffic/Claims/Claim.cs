using Topology.Claims.Lab;

namespace Topology.Claims;

/// <summary>
/// One sentence about Kestrel with or without a reverse proxy, and how it is put to the test. A claim asks whatever
/// topology it is given and concludes from the answers alone, so it fails where what it relies on is missing.
/// </summary>
public abstract class Claim
{
    /// <summary>Where sentences come from unless a claim says otherwise.</summary>
    protected const string Article = "Microsoft Learn, When to use Kestrel with a reverse proxy";

    /// <summary>A short name: lower-case words with hyphens.</summary>
    public abstract string Id { get; }

    /// <summary>What is claimed, in our words.</summary>
    public abstract string Sentence { get; }

    /// <summary>Who says so.</summary>
    public virtual string Source => Article;

    /// <summary>What is done to find out.</summary>
    public abstract string Done { get; }

    /// <summary>What it needs that a topology does not have; null where it can be put to it.</summary>
    public virtual MissingRequirement? Needs(ClaimLab lab) => null;

    /// <summary>Finds out.</summary>
    /// <param name="lab">The topology, and what is compared with it.</param>
    /// <param name="evidence">Takes every fact; the claim holds if all that it stands on do.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public abstract Task CheckAsync(ClaimLab lab, Evidence evidence, CancellationToken cancellationToken);
}

/// <summary>What became of a claim. The first four are what <c>--json</c> is read for.</summary>
/// <param name="Id">The claim's short name.</param>
/// <param name="Claim">The sentence.</param>
/// <param name="Holds">Whether every fact it stands on was found.</param>
/// <param name="Evidence">The facts; those that speak against it are marked.</param>
/// <param name="Source">Who says so.</param>
/// <param name="Done">What was done to find out.</param>
public sealed record ClaimResult(string Id, string Claim, bool Holds, string Evidence, string Source, string Done);
