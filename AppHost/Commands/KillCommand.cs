using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Topology.AppHost.Running;

namespace Topology.AppHost.Commands;

/// <summary>Kills a resource's process to show what clients notice. The process restarts automatically.</summary>
internal static class KillCommand
{
    public static IResourceBuilder<ProjectResource> WithKillCommand(this IResourceBuilder<ProjectResource> project) =>
        project.WithCommand("kill", "Kill", context => Task.FromResult(Kill(context)), new CommandOptions
        {
            Description = "Kills the process immediately, as a crash would. It restarts automatically.",
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
            return CommandResults.Failure("The resource is not running.");
        }

        try
        {
            using var process = Process.GetProcessById(id);
            process.Kill();
            return CommandResults.Success($"Process {id} is killed.");
        }
        catch (ArgumentException)
        {
            return CommandResults.Failure($"Process {id} has already exited.");
        }
    }
}
