using System.CommandLine;
using System.Globalization;
using Topology.ManifestHost.Output;
using Topology.ManifestHost.Running;

namespace Topology.ManifestHost.Commands;

/// <summary><c>run</c>: starts a manifest on this machine and keeps it running until told to stop.</summary>
internal static class RunCommand
{
    public static Command Create()
    {
        var manifest = new Option<string?>("--manifest") { Description = "The manifest to run. Default: AppHost/manifests/lab.json.", HelpName = "FILE" };
        var state = new Option<string?>("--state") { Description = "Where to describe the running topology for other programs. Default: artifacts/topology.json.", HelpName = "FILE" };
        var dynamicPorts = new Option<bool>("--dynamic-ports") { Description = "Choose free ports instead of the manifest's, so that several topologies can run at once." };
        var noDashboard = new Option<bool>("--no-dashboard") { Description = "Run without the Aspire dashboard, and without telemetry." };
        var noBuild = new Option<bool>("--no-build") { Description = "Run what was built before." };
        var parameter = new Option<string[]>("--parameter") { Description = "The value of a parameter; may be repeated.", HelpName = "NAME=VALUE" };
        var start = new Option<string[]>("--start", "--proxies") { Description = "Also start these resources, which start only when named; 'all' for each of them that is installed.", HelpName = "NAME[,NAME]" };
        var replicas = new Option<string[]>("--replicas") { Description = "How many processes a resource gets behind the ingress; may be repeated. For manifests of a platform.", HelpName = "NAME=COUNT" };
        var timeout = new Option<int>("--timeout") { Description = "Seconds a resource may take until it is healthy.", HelpName = "SECONDS", DefaultValueFactory = _ => 60 };
        var stopWithParent = new Option<bool>("--stop-with-parent") { Description = "Stop when the process that started this one ends. Always so below 'dotnet run'." };
        timeout.Validators.Add(result =>
        {
            // The text, not the value: asking for the value of what is no number throws.
            if (result.Tokens is [var token] && !(int.TryParse(token.Value, CultureInfo.InvariantCulture, out var seconds) && seconds is >= 1 and <= 3600))
                result.AddError("--timeout: give a number of seconds from 1 to 3600.");
        });

        var command = new Command("run", "Runs a manifest on this machine: builds its projects, starts everything, and stops everything on Ctrl+C.")
        {
            manifest, state, dynamicPorts, noDashboard, noBuild, parameter, start, replicas, timeout, stopWithParent,
        };
        command.SetAction(async (result, _) =>
        {
            var options = new RunOptions(
                result.GetValue(manifest),
                result.GetValue(state),
                result.GetValue(dynamicPorts),
                !result.GetValue(noDashboard),
                !result.GetValue(noBuild),
                result.GetValue(parameter) ?? [],
                Names(result.GetValue(start)),
                Names(result.GetValue(replicas)),
                TimeSpan.FromSeconds(result.GetValue(timeout)),
                result.GetValue(stopWithParent));
            using var terminal = new Terminal();
            using var stop = new StopRequest(terminal);
            try
            {
                await TopologyRun.RunAsync(options, terminal, stop);
                return 0;
            }
            catch (OperationCanceledException) when (stop.Token.IsCancellationRequested)
            {
                return 0;
            }
            catch (UsageException e)
            {
                terminal.Fail(e.Message);
                return 2;
            }
            catch (RunFailedException e)
            {
                terminal.Fail(e.Message);
                return 1;
            }
        });
        return command;
    }

    private static string[] Names(string[]? values) =>
        [.. (values ?? []).SelectMany(names => names.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))];
}
