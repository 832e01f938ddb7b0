using System.CommandLine;
using Topology.ManifestHost.Commands;

var root = new RootCommand("Runs a topology that an Aspire AppHost has published, without Aspire's own orchestrator.")
{
    RunCommand.Create(),
    PublishCommand.Create(),
    CertsCommand.Create(),
    GuardCommand.Create(),
};

var arguments = root.Parse(args);
if (arguments.Errors is [var error, ..])
{
    Console.Error.WriteLine($"{error.Message.ReplaceLineEndings(" ").Replace("\t", "", StringComparison.Ordinal)} See --help.");
    return 2;
}

// Commands that run until they are stopped handle signals themselves, and take the time they need to stop in order.
return await arguments.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });
