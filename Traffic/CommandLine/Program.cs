using Topology.CommandLine;
using Topology.CommandLine.Bench;

return await Commands.InvokeAsync(args, CompareCommand.Create(), ClaimsCommand.Create(), BenchCommand.Create(), CertsCommand.Create());
