using System.CommandLine;
using System.Text.Json;
using Topology.Claims;
using Topology.Claims.Checks;
using Topology.Claims.Lab;

namespace Topology.CommandLine;

/// <summary>The command line: <c>claims</c>.</summary>
internal static class ClaimsCommand
{
    private const int DoesNotHold = 1;

    private static readonly Option<string[]> Only = new("--only")
    {
        Description = $"Check these claims only: {ClaimCatalog.Ids}.",
        HelpName = "ID[,ID]",
        AllowMultipleArgumentsPerToken = true
    };
    private static readonly Option<string[]> Proxies = new("--proxies")
    {
        Description = "Also start these, if installed: nginx, apache, haproxy. Not with --attach.",
        HelpName = "NAME[,NAME]",
        AllowMultipleArgumentsPerToken = true
    };
    private static readonly Option<FileInfo> Json = new("--json") { Description = "Write the results as JSON." };

    public static Command Create()
    {
        var command = new Command(
            "claims",
            "Checks every claim about Kestrel with and without a reverse proxy; exits with 1 if one does not hold. In a rehearsal of the "
            + "cloud's manifest, it checks the claims that apply and lists the others. With --attach it kills and restarts one replica "
            + "of the catalog.") { Only, Proxies, MeasuredTopology.Attach, MeasuredTopology.StateOption,
            MeasuredTopology.NoBuild, Json };
        command.SetAction(CheckAsync);
        return command;
    }

    private static async Task<int> CheckAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        var (ids, proxies) = (Commands.Split(parsed.GetValue(Only)), Commands.Split(parsed.GetValue(Proxies)));
        if (ids.FirstOrDefault(id => ClaimCatalog.Find(id) is null) is { } unknown)
        {
            return Commands.Refuse($"Unknown claim \"{unknown}\"; use some of {ClaimCatalog.Ids}.");
        }
        if (proxies.FirstOrDefault(proxy => !OwnTopology.OtherProxies.Contains(proxy)) is { } other)
        {
            return Commands.Refuse($"Unknown proxy \"{other}\"; use some of {string.Join(", ", OwnTopology.OtherProxies)}.");
        }
        if (proxies.Length > 0 && parsed.GetValue(MeasuredTopology.Attach))
        {
            return Commands.Refuse("--proxies needs a topology that this command starts; leave out --attach.");
        }
        if (Commands.Unwritable(parsed.GetValue(Json)) is { } unwritable) return Commands.Refuse(unwritable);

        return await Commands.RunAsync(async () =>
        {
            await using var topology = await MeasuredTopology.OpenAsync(parsed, proxies, cancellationToken);
            await using var lab = await ClaimLab.OpenAsync(topology.Read, Commands.Configuration, cancellationToken);
            var unmet =
                ClaimCatalog.All.Select(claim => (Claim: claim, MissingRequirement: claim.Needs(lab)))
                .Where(entry => entry.MissingRequirement is not null).ToDictionary(
                    entry => entry.Claim, entry => entry.MissingRequirement!);
            if (unmet.FirstOrDefault(entry => ids.Contains(entry.Key.Id)) is { Key: { } asked, Value: var need })
            {
                return Commands.Refuse(
                    $"{asked.Id} cannot be checked on the running topology: it needs {need.What}. {need.Why} Leave out --attach to check "
                    + "it on a topology of its own.");
            }

            var results = new List<ClaimResult>();
            foreach (var claim in ClaimCatalog.All.Where(claim => ids.Length == 0 ? !unmet.ContainsKey(claim) : ids.Contains(claim.Id)))
            {
                ClaimsReport.Begin(claim);
                results.Add(await ClaimRunner.CheckAsync(claim, lab, cancellationToken));
            }

            ClaimsReport.Write(results, ids.Length == 0 ? unmet : []);
            if (parsed.GetValue(Json) is { } json)
            {
                await File.WriteAllTextAsync(json.FullName, JsonSerializer.Serialize(results, ClaimRunner.Json) + "\n", cancellationToken);
            }
            return results.All(result => result.Holds) ? 0 : DoesNotHold;
        }, cancellationToken);
    }
}
