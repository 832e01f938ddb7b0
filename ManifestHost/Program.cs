using System.CommandLine;
using Topology.ManifestHost.Commands;

var root = new RootCommand("Runs a topology that an Aspire AppHost has published, without Aspire's own orchestrator.")
{
    RunCommand.Create(),
    PublishCommand.Create(),
    GuardCommand.Create(),
};

var arguments = root.Parse(args);
if (UnknownOptions.In(arguments).FirstOrDefault() is { } unknown)
{
    Console.Error.WriteLine($"There is no option '{unknown}'; write a file or folder of that name as ./{unknown}. See --help.");
    return 2;
}

if (arguments.Errors is [var error, ..])
{
    Console.Error.WriteLine($"{error.Message.ReplaceLineEndings(" ").Replace("\t", "", StringComparison.Ordinal)} See --help.");
    return 2;
}

// Commands that run until they are stopped handle signals themselves, and take the time they need to stop in order.
return await arguments.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });
