using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Topology.AppHost.Running;

namespace Topology.AppHost.Commands;

/// <summary>Ends a resource's process without a warning, to see what clients notice. It starts again by itself.</summary>
internal static class KillCommand
{
    public static IResourceBuilder<ProjectResource> WithKillCommand(this IResourceBuilder<ProjectResource> project) =>
        project.WithCommand("kill", "Kill", context => Task.FromResult(Kill(context)), new CommandOptions
        {
            Description = "Ends the process at once, as a crash does. It starts again by itself.",
            IconName = "Flash",
            UpdateState = context =>
                context.ResourceSnapshot.State?.Text == KnownResourceStates.Running ? ResourceCommandState.Enabled
                : ResourceCommandState.Disabled,
        });

    private static ExecuteCommandResult Kill(ExecuteCommandContext context)
    {
        var notifications = context.Services.GetRequiredService<ResourceNotificationService>();
        if (!notifications.TryGetCurrentState(context.ResourceName, out var current) || StateFile.ProcessId(current.Snapshot) is not { } id)
        {
            return CommandResults.Failure("It does not run, so there is no process to kill.");
        }

        try
        {
            using var process = Process.GetProcessById(id);
            process.Kill();
            return CommandResults.Success($"Process {id} is killed.");
        }
        catch (ArgumentException)
        {
            return CommandResults.Failure($"Process {id} has just ended by itself.");
        }
    }
}
