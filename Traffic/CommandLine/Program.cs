using Topology.CommandLine;
using Topology.CommandLine.Bench;
using Topology.CommandLine.Compare;

return await Commands.InvokeAsync(args, CompareCommand.Create(), ClaimsCommand.Create(), BenchCommand.Create(), CertsCommand.Create());
