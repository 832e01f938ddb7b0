using System.Security;
using System.Security.Cryptography;
using System.Text;
using Topology.ManifestHost.Output;

namespace Topology.ManifestHost.Running;

/// <summary>Builds all projects of a manifest in one go, and finds what to run.</summary>
/// <param name="folder">Where the generated build lies; it belongs to this class.</param>
internal sealed class ProjectBuild(IReadOnlyCollection<string> projects, string folder, Guard guard, Terminal terminal)
{
    // The same set of projects has the same file whatever manifest they come from; another set never overwrites it.
    private readonly string _file = Path.Combine(
        folder, $"run-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', projects))))[..12]}.proj");

    private string Outputs => Path.ChangeExtension(_file, ".outputs");

    /// <summary>Builds in Release.</summary>
    /// <returns>The assembly to run, by project file.</returns>
    /// <exception cref="RunFailedException">The build failed; its errors have been shown.</exception>
    public Task<IReadOnlyDictionary<string, string>> BuildAsync(CancellationToken cancellation) =>
        RunAsync(["msbuild", _file, "-restore", "-p:Configuration=Release", "-nologo", "-verbosity:minimal", "-tl:off", "-nodeReuse:false", "-p:UseSharedCompilation=false"], cancellation);

    /// <summary>Finds what an earlier build has left, without building.</summary>
    /// <inheritdoc cref="BuildAsync"/>
    public async Task<IReadOnlyDictionary<string, string>> LocateAsync(CancellationToken cancellation)
    {
        IReadOnlyDictionary<string, string> known = ReadOutputs();
        if (!projects.All(known.ContainsKey))
            known = await RunAsync(["msbuild", _file, "-t:Locate", "-p:Configuration=Release", "-nologo", "-verbosity:quiet", "-nodeReuse:false"], cancellation);
        return known.Values.FirstOrDefault(assembly => !File.Exists(assembly)) is { } missing
            ? throw new UsageException($"{missing} has not been built: leave out --no-build.")
            : known;
    }

    private async Task<IReadOnlyDictionary<string, string>> RunAsync(IReadOnlyList<string> arguments, CancellationToken cancellation)
    {
        if (projects.Count == 0)
            return new Dictionary<string, string>();

        Directory.CreateDirectory(folder);
        using var turn = await FileTurn.TakeAsync(Path.Combine(folder, "build.lock"), () => terminal.Say("waiting for another build of this checkout to end"), cancellation);
        await File.WriteAllTextAsync(_file, Wrapper(), cancellation);

        var build = ChildProcess.Start(
            new ChildStart(Executables.Dotnet, arguments, folder, ChildEnvironment.ForTools()), guard, line => Show(line));
        await using (cancellation.Register(build.Kill))
        {
            if (await build.Exited != 0 && !cancellation.IsCancellationRequested)
                throw new RunFailedException("The build failed; its errors are above.");
        }
        cancellation.ThrowIfCancellationRequested();
        return ReadOutputs();
    }

    private void Show(string line)
    {
        if (!string.IsNullOrWhiteSpace(line))
            terminal.Log("build", line.Trim());
    }

    private Dictionary<string, string> ReadOutputs() => !File.Exists(Outputs) ? [] : File.ReadLines(Outputs)
        .Select(line => line.Split('|'))
        .Where(parts => parts.Length == 2)
        .ToDictionary(parts => parts[0], parts => parts[1]);

    /// <summary>
    /// One restore and one build for all: shared projects are looked at once, and the two cores of a small machine are busy. The
    /// same project says where each result lies, which would otherwise cost an evaluation per project.
    /// </summary>
    private string Wrapper() => $"""
        <Project DefaultTargets="Build">
          <ItemGroup>
        {string.Join('\n', projects.Select(project => $"    <Runnable Include=\"{SecurityElement.Escape(project)}\" />"))}
            <RestoreGraphProjectInputItems Include="@(Runnable)" />
          </ItemGroup>
          <Import Project="$(MSBuildToolsPath)/NuGet.targets" />
          <Target Name="Build">
            <MSBuild Projects="@(Runnable)" Targets="Build" BuildInParallel="true">
              <Output TaskParameter="TargetOutputs" ItemName="Built" />
            </MSBuild>
            <WriteLinesToFile File="{SecurityElement.Escape(Outputs)}" Lines="@(Built->'%(MSBuildSourceProjectFile)|%(FullPath)')" Overwrite="true" />
          </Target>
          <Target Name="Locate">
            <MSBuild Projects="@(Runnable)" Targets="GetTargetPath" BuildInParallel="true">
              <Output TaskParameter="TargetOutputs" ItemName="Built" />
            </MSBuild>
            <WriteLinesToFile File="{SecurityElement.Escape(Outputs)}" Lines="@(Built->'%(MSBuildSourceProjectFile)|%(FullPath)')" Overwrite="true" />
          </Target>
        </Project>

        """;
}
