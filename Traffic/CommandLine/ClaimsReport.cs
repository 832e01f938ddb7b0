using Spectre.Console;
using Topology.Claims;

namespace Topology.CommandLine;

/// <summary>Writes claims to a terminal, or as plain lines without one.</summary>
internal static class ClaimsReport
{
    /// <summary>Writes progress to standard error; results go to standard output.</summary>
    public static void Begin(Claim claim) => Console.Error.WriteLine($"{claim.Id} …");

    /// <summary>Writes the results, then the claims that could not be checked.</summary>
    public static void Write(IReadOnlyList<ClaimResult> results, IReadOnlyDictionary<Claim, MissingRequirement> unmet)
    {
        var console = AnsiConsole.Console;
        if (Console.IsOutputRedirected) console.Profile.Width = Math.Max(160, console.Profile.Width);
        var table = new Table().Border(TableBorder.Rounded).ShowRowSeparators().AddColumn("").AddColumn("claim").AddColumn("evidence");
        foreach (var result in results)
        {
            table.AddRow(
                new Markup(result.Holds ? "[green]holds[/]" : "[red]does not hold[/]"),
                new Markup($"[bold]{Markup.Escape(result.Id)}[/]\n{Markup.Escape(result.Claim)}"),
                new Text(result.Evidence.Replace(Evidence.Separator, "\n", StringComparison.Ordinal)));
        }

        foreach (var (claim, need) in unmet)
        {
            table.AddRow(
                new Markup($"[yellow]needs {Markup.Escape(need.What)}[/]"),
                new Markup($"[bold]{Markup.Escape(claim.Id)}[/]\n{Markup.Escape(claim.Sentence)}"),
                new Text(need.Why));
        }

        console.Write(table);
        console.WriteLine(ClaimRunner.Summary(results, unmet.Count));
    }
}
