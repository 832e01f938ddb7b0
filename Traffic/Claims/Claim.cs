using Topology.Claims.Lab;

namespace Topology.Claims;

/// <summary>
/// One statement about Kestrel with or without a reverse proxy, and how to test it. A claim sends requests to the given topology
/// and judges only by the responses. So it fails if the topology lacks something that it relies on.
/// </summary>
public abstract class Claim
{
    /// <summary>The default source of claims.</summary>
    protected const string Article = "Microsoft Learn, When to use Kestrel with a reverse proxy";

    /// <summary>The short name: lower-case words with hyphens.</summary>
    public abstract string Id { get; }

    /// <summary>The statement, in our words.</summary>
    public abstract string Sentence { get; }

    /// <summary>Where the statement is published.</summary>
    public virtual string Source => Article;

    /// <summary>How the claim is tested.</summary>
    public abstract string Method { get; }

    /// <summary>What the topology lacks for this claim; null if the claim can be checked.</summary>
    public virtual MissingRequirement? Needs(ClaimLab lab) => null;

    /// <summary>Checks the claim.</summary>
    /// <param name="lab">The topology, and the plain Kestrel to compare it with.</param>
    /// <param name="evidence">Collects the facts. The claim holds if every expected fact was observed.</param>
    /// <param name="cancellationToken">Cancels the check.</param>
    public abstract Task CheckAsync(ClaimLab lab, Evidence evidence, CancellationToken cancellationToken);
}

/// <summary>The result of a claim, written by <c>--json</c>.</summary>
/// <param name="Id">The claim's short name.</param>
/// <param name="Claim">The statement.</param>
/// <param name="Holds">Whether every expected fact was observed.</param>
/// <param name="Evidence">The facts; those against the claim are marked.</param>
/// <param name="Source">Where the statement is published.</param>
/// <param name="Done">How the claim was tested.</param>
public sealed record ClaimResult(string Id, string Claim, bool Holds, string Evidence, string Source, string Done);
