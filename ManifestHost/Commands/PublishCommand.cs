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
        folder.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: "" }])
                result.AddError("dir is empty; name a folder to write to.");
            else if (result.Tokens is [{ Value: var given }] && File.Exists(given))
                result.AddError($"{Path.GetFullPath(given)} is a file; name a folder to write to.");
        });
        var exposure = new Option<string>("--exposure") { Description = "What is reached from outside: edge, or both, the backends beside it, to measure there.", DefaultValueFactory = _ => "edge" };
        exposure.AcceptOnlyFromAmong("edge", "both");
        var check = new Option<string?>("--check") { Description = "Write nothing; say what is wrong with this manifest.", HelpName = "FILE" };
        var command = new Command("publish", "Writes the manifest for Azure Container Apps and validates it.") { folder, exposure, check };
        command.SetAction(async (result, cancellation) =>
        {
            if (Repository.Find() is not { } repository)
            {
                await Console.Error.WriteLineAsync("No AppHost/manifests/lab.json above this folder: run inside the repository.");
                return 2;
            }

            try
            {
                var publisher = new Publisher(repository, Console.WriteLine);
                var both = result.GetValue(exposure) == "both";
                if (result.GetValue(check) is { } file)
                    publisher.Check(file, deployable: true, both);
                else
                    await publisher.PublishAsync(result.GetValue(folder), both, cancellation);
                return 0;
            }
            catch (UsageException e)
            {
                await Console.Error.WriteLineAsync(e.Message);
                return 2;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                await Console.Error.WriteLineAsync($"{Path.GetFullPath(result.GetValue(folder) ?? repository.Manifests)} cannot be written ({e.Message}); name a folder that is there, or can be made, and is yours.");
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
