using Topology.Claims;

namespace Topology.Traffic.Decide;

/// <summary>Which facts of which claim a cell rests on.</summary>
/// <param name="Claim">The claim's id.</param>
/// <param name="Facts">Texts that mark the cell's facts, separated by <c>|</c>; <c>{0}</c> is the path. Empty: the whole claim.</param>
/// <param name="Holds">What the cell says if each text marks a fact and none of these facts is against the claim.</param>
/// <param name="Fails">What it says otherwise.</param>
internal sealed record CellRule(string Claim, string Facts, string Holds, string Fails)
{
    /// <summary>Whether the result supports the cell; null if it has no fact about the path, such as a proxy that did not run.</summary>
    public bool? Judge(ClaimResult result, string path)
    {
        if (Facts.Length == 0) return result.Holds;
        var marks = string.Format(System.Globalization.CultureInfo.InvariantCulture, Facts, path).Split('|');
        var facts = result.Evidence.Split(Evidence.Separator)
            .Select(fact => (IsAgainst: fact.StartsWith(Evidence.Against, StringComparison.Ordinal),
                // With the spaces, a mark can require a whole word at the ends of a fact too.
                Text: $" {fact.Replace(Evidence.Against, "", StringComparison.Ordinal)} "))
            .Where(fact => marks.Any(mark => fact.Text.Contains(mark, StringComparison.Ordinal))).ToArray();
        if (facts.Length == 0) return null;
        return !facts.Any(fact => fact.IsAgainst)
            && marks.All(mark => facts.Any(fact => fact.Text.Contains(mark, StringComparison.Ordinal)));
    }
}

/// <summary>A row whose cells come from claims. Without a rule, no claim looks at that setup.</summary>
/// <param name="Title">What is compared.</param>
/// <param name="Claim">The claim to run for the row.</param>
/// <param name="Direct">For Kestrel without a proxy.</param>
/// <param name="Edge">For the YARP edge.</param>
/// <param name="Others">For nginx, Apache httpd and HAProxy.</param>
internal sealed record RowRule(string Title, string Claim, CellRule? Direct, CellRule? Edge, CellRule? Others)
{
    /// <summary>The rows in the order of the page, and which claim supplies them.</summary>
    public static IReadOnlyList<RowRule> All { get; } = [
        Row("exposure", "exposed-surface",
            (" edge-direct: ", "every service has public ports", "not found open"),
            (" behind the edge: ", "only the edge's ports are public", "not fewer ports than direct"), null),
        Row("certificates", "certificates",
            (" edge-direct ", "every service needs the public certificate", "not more than with the edge"),
            (" with the edge, ", "only the edge needs the public certificate", "not only the edge has it"),
            (" {0} presents ", "the proxy has the public certificate", "does not present the public certificate")),
        Row("port sharing", "one-port-one-process",
            ("", "two processes cannot share a port", "two processes shared a port"),
            null, null) with { Edge = Sites, Others = Sites },
        Row("host filtering", "any-host",
            (" a plain Kestrel answers | catalog", "plain Kestrel takes any Host; Hardening refuses unknown ones", "unknown hosts get in"),
            (" {0} on ", "unknown hosts are refused", "unknown hosts get in"),
            (" {0} on ", "unknown hosts are refused", "unknown hosts get in")),
        Row("attacks stopped", "defence-in-depth",
            (" a plain Kestrel accepts |, stop all ", "plain Kestrel accepts some; Hardening stops all", "some get through"),
            (" the edge ", "all of them", "some get through"), null),
        Row("failover", "load-balancing", null,
            (" {0}: ", "a killed replica costs no client an error", "clients saw errors"),
            (" {0}: ", "errors end within seconds", "errors did not end in time")),
        Row("load balancing", "simpler-configuration",
            (" replicas to choose from", "clients must choose a replica", "clients need not choose"),
            null, null) with { Edge = Spread, Others = Spread },
        Row("operations", "simpler-configuration",
            (" edge-direct, ", "more addresses and certificates to keep", "not more to keep than with the edge"),
            (" at the edge ", "fewer addresses and certificates to keep", "not fewer to keep than direct"),
            (" serves behind |{0}", "the same services work behind it, unchanged", "it does not serve the same services")),
    ];

    private static CellRule Sites => new("shared-port", " {0}, http", "sites share one port by name", "sites are not kept apart");

    private static CellRule Spread => new("load-balancing", " requests to {0} ", "spreads requests evenly", "does not spread evenly");

    private static RowRule Row(
        string title, string claim, (string Facts, string Holds, string Fails)? direct, (string Facts, string Holds, string Fails)? edge,
        (string Facts, string Holds, string Fails)? others)
    {
        return new(title, claim, Rule(direct), Rule(edge), Rule(others));

        CellRule? Rule((string Facts, string Holds, string Fails)? cell) =>
            cell is { } given ? new(claim, given.Facts, given.Holds, given.Fails) : null;
    }
}
