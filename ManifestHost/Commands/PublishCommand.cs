using System.CommandLine;
using Topology.ManifestHost.Publishing;
using Topology.ManifestHost.Running;

namespace Topology.ManifestHost.Commands;

/// <summary><c>publish</c>: writes the manifest for the cloud, and says whether it is fit for that.</summary>
internal static class PublishCommand
{
    public static Command Create()
    {
        var folder = new Argument<string?>("dir") { Description = "Where to write. Default: AppHost/manifests.", Arity = ArgumentArity.ZeroOrOne };
        var exposure = new Option<string>("--exposure") { Description = "What is reached from outside: edge, or both, the backends beside it, to measure there.", DefaultValueFactory = _ => "edge" };
        exposure.AcceptOnlyFromAmong("edge", "both");
        var check = new Option<string?>("--check") { Description = "Write nothing; say what is wrong with this manifest.", HelpName = "FILE" };
        var command = new Command("publish", "Writes the manifest for Azure Container Apps and validates it.") { folder, exposure, check };
        command.SetAction(async (result, cancellation) =>
        {
            try
            {
                if (Repository.Find() is not { } repository)
                    throw new UsageException("No AppHost/manifests/lab.json above this folder: run inside the repository.");
                var publisher = new Publisher(repository, Console.WriteLine);
                var both = result.GetValue(exposure) == "both";
                if (result.GetValue(check) is { } file)
                    publisher.Check(file, deployable: true, both);
                else
                    await publisher.PublishAsync(result.GetValue(folder), both, cancellation);
                return 0;
            }
            catch (Exception e) when (e is UsageException or IOException or UnauthorizedAccessException)
            {
                await Console.Error.WriteLineAsync(e.Message);
                return 2;
            }
            catch (RunFailedException e)
            {
                await Console.Error.WriteLineAsync(e.Message);
                return 1;
            }
        });
        return command;
    }
}
