using System.CommandLine;
using Topology.ManifestHost.Running;

namespace Topology.ManifestHost.Commands;

/// <summary><c>guard</c>: not for users; the host starts it to clean up after itself should it be killed.</summary>
internal static class GuardCommand
{
    public static Command Create()
    {
        var marker = new Argument<string>("marker");
        var command = new Command("guard", "Ends what a host has started when the host ends.") { marker };
        command.Hidden = true;
        command.SetAction(result => Guard.Run(Console.In, result.GetRequiredValue(marker)));
        return command;
    }
}
