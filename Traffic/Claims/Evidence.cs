namespace Topology.Claims;

/// <summary>The facts found about a claim, in order.</summary>
public sealed class Evidence
{
    /// <summary>Marks a fact against the claim.</summary>
    public const string Against = "✗ ";

    /// <summary>Separates facts. No fact contains it.</summary>
    public const string Separator = "; ";

    private readonly List<(bool? IsMet, string Fact)> _facts = [];

    /// <summary>Whether at least one fact supports the claim and none contradicts it.</summary>
    public bool Holds => _facts.Any(entry => entry.IsMet is true) && _facts.All(entry => entry.IsMet is not false);

    /// <summary>Adds a fact that decides the claim.</summary>
    /// <param name="isMet">Whether the fact supports the claim.</param>
    /// <param name="fact">What was observed, whether or not it supports the claim.</param>
    /// <returns><paramref name="isMet"/>.</returns>
    public bool Expect(bool isMet, string fact)
    {
        _facts.Add((isMet, Clean(fact)));
        return isMet;
    }

    /// <summary>Adds a fact that does not affect the result.</summary>
    public void Note(string fact) => _facts.Add((null, Clean(fact)));

    /// <inheritdoc />
    public override string ToString() =>
        string.Join(Separator, _facts.Select(entry => entry.IsMet is false ? Against + entry.Fact : entry.Fact));

    private static string Clean(string fact) => fact.ReplaceLineEndings(" ").Replace(Separator, ", ", StringComparison.Ordinal);
}
