using System.Text.Json;
using Topology.ManifestHost.Manifests;
using Topology.ManifestHost.Running;

namespace Topology.ManifestHost.Publishing;

/// <summary>Writes the manifests and looks at what was written.</summary>
/// <param name="repository">Whose manifests.</param>
/// <param name="say">Gets what the user should know.</param>
internal sealed class Publisher(Repository repository, Action<string> say)
{
    private const string Cloud = "cloud";
    private const string CloudBoth = "cloud-both";
    private const string Lab = "lab";

    /// <param name="folder">Null: where the committed manifests are, and the lab's is written as well.</param>
    /// <param name="exposeBoth">Whether the backends are to be reached from outside, too.</param>
    /// <exception cref="UsageException">The manifest is not fit to be deployed; every reason is in the message.</exception>
    public async Task PublishAsync(string? folder, bool exposeBoth, CancellationToken cancellation)
    {
        var target = Path.GetFullPath(folder ?? repository.Manifests);
        var isDefault = Path.TrimEndingDirectorySeparator(target) == repository.Manifests;
        foreach (var name in exposeBoth ? (string[])[CloudBoth] : isDefault ? [Cloud, Lab] : [Cloud])
        {
            var file = Path.Combine(target, $"{name}.json");
            await WriteAsync(name, file, isDefault, cancellation);
            Check(file, deployable: name != Lab, exposeBoth);
        }
    }

    /// <summary>Validates a manifest.</summary>
    /// <inheritdoc cref="PublishAsync"/>
    public void Check(string file, bool deployable, bool exposeBoth)
    {
        file = Path.GetFullPath(file);
        if (ManifestCheck.Run(file, deployable, name => exposeBoth || name == ExposureRules.Edge) is { Count: > 0 } problems)
            throw new UsageException(string.Join('\n', problems.Select(problem => $"{file}: {problem}.")));

        using var manifest = JsonDocument.Parse(File.ReadAllText(file), ManifestReader.Options);
        var resources = manifest.RootElement.Members("resources").ToDictionary(member => member.Name, member => member.Value);
        var external = ExposureRules.External(resources).ToList();
        if (deployable && external.Except([ExposureRules.Edge]).ToList() is { Count: > 0 } exposed)
            say($"WARNING: {string.Join(", ", exposed)} will answer the Internet beside '{ExposureRules.Edge}'. This is for measuring: remove the deployment afterwards.");
        say(deployable
            ? $"{file} is valid: {resources.Count} resources, every reference resolves, reached from outside: {string.Join(", ", external)}"
            : $"{file} is valid: {resources.Count} resources, every reference resolves; for this machine");
    }

    private async Task WriteAsync(string name, string file, bool isDefault, CancellationToken cancellation)
    {
        if (AspirePublisher.IsAvailable)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            await AspirePublisher.PublishAsync(repository.AppHost, name == Lab ? Lab : Cloud, name == CloudBoth, file, cancellation);
            say($"{file} is written by the AppHost");
            return;
        }

        const string Without = "NuGet here has no Aspire packages, so the AppHost cannot publish";
        if (isDefault)
        {
            say($"{Without}; {Path.GetFileName(file)} stays as it is committed");
            return;
        }
        ManifestCopy.Write(Path.Combine(repository.Manifests, $"{name}.json"), file);
        say($"{Without}; {file} is the committed manifest, with its paths made relative to its new folder");
    }
}
