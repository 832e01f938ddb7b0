namespace Topology.Claims;

/// <summary>The facts found about a claim, in order.</summary>
public sealed class Evidence
{
    /// <summary>Stands before a fact that speaks against the claim.</summary>
    public const string Against = "✗ ";

    /// <summary>Stands between facts, and in none of them.</summary>
    public const string Separator = "; ";

    private readonly List<(bool? IsMet, string Fact)> _facts = [];

    /// <summary>Whether there is a fact for the claim and none against it.</summary>
    public bool Holds => _facts.Any(entry => entry.IsMet is true) && _facts.All(entry => entry.IsMet is not false);

    /// <summary>Adds a fact that the claim stands or falls with.</summary>
    /// <param name="isMet">Whether it is as the claim says.</param>
    /// <param name="fact">What was seen, whichever it is.</param>
    /// <returns><paramref name="isMet"/>.</returns>
    public bool Expect(bool isMet, string fact)
    {
        _facts.Add((isMet, Clean(fact)));
        return isMet;
    }

    /// <summary>Adds what a reader should know besides.</summary>
    public void Note(string fact) => _facts.Add((null, Clean(fact)));

    /// <inheritdoc />
    public override string ToString() =>
        string.Join(Separator, _facts.Select(entry => entry.IsMet is false ? Against + entry.Fact : entry.Fact));

    private static string Clean(string fact) => fact.ReplaceLineEndings(" ").Replace(Separator, ", ", StringComparison.Ordinal);
}
