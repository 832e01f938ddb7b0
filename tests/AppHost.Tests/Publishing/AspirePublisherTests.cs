using System.Diagnostics;
using Topology.ManifestHost.Running;
using Topology.Tests.Infrastructure;

namespace Topology.Tests.Publishing;

/// <summary>
/// The command <c>publish</c> where Aspire's packages restore: in a repository whose AppHost is a program that notes what it is
/// told and writes a manifest, or fails.
/// </summary>
public sealed class AspirePublisherTests : IDisposable
{
    private const string Manifest = """
        {"resources": {"edge": {"type": "container.v0", "image": "edge", "bindings": {"http": {"scheme": "http", "protocol": "tcp", "transport": "http", "targetPort": 8080, "external": true}}}}}
        """;

    private const string Program = """
        var file = args[Array.IndexOf(args, "--output-path") + 1];
        if (File.Exists("told")) return 3;
        File.WriteAllLines("told", [.. args, $"hook: {Environment.GetEnvironmentVariable("ASPIRE_SUPPRESS_CLI_RUN_HOOK")}"]);
        File.Copy("manifests/lab.json", file);
        return 0;
        """;

    private readonly string _root = Directory.CreateTempSubdirectory("topology-apphost-").FullName;

    public AspirePublisherTests()
    {
        Directory.CreateDirectory(Path.Combine(AppHost, "manifests"));
        File.WriteAllText(Path.Combine(AppHost, "manifests", "lab.json"), Manifest);
        File.WriteAllText(Path.Combine(AppHost, "Program.cs"), Program);
        File.WriteAllText(Path.Combine(AppHost, "AppHost.csproj"), """
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <TargetFramework>net10.0</TargetFramework>
                <ImplicitUsings>enable</ImplicitUsings>
                <RunWorkingDirectory>$(MSBuildProjectDirectory)</RunWorkingDirectory>
              </PropertyGroup>
            </Project>
            """);
    }

    private string AppHost => Path.Combine(_root, "AppHost");

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public async Task The_AppHost_is_told_what_to_publish_and_where_and_its_failure_is_one()
    {
        var (code, output, error) = await PublishAsync("out", "--exposure", "both");

        Assert.True(code == 0, output + error);
        var file = Assert.Single(Directory.GetFiles(Path.Combine(_root, "out")));
        Assert.Contains($"{file} is written by the AppHost", output, StringComparison.Ordinal);
        Assert.Contains($"{file} is valid", output, StringComparison.Ordinal);
        Assert.Equal(
            ["--publisher", "manifest", "--output-path", file, "--Topology:Shape=cloud", "--Topology:Exposure=both", "hook: 1"],
            await File.ReadAllLinesAsync(Path.Combine(AppHost, "told"), TestContext.Current.CancellationToken));

        (code, _, error) = await PublishAsync("elsewhere");

        Assert.Equal(1, code);
        Assert.Contains("The AppHost could not publish", Assert.Single(error.TrimEnd().Split('\n')), StringComparison.Ordinal);
    }

    private async Task<(int ExitCode, string Output, string Error)> PublishAsync(params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(Executables.Dotnet, ["exec", Path.Combine(AppContext.BaseDirectory, "Topology.ManifestHost.dll"), "publish", .. arguments])
        {
            WorkingDirectory = _root,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["TOPOLOGY_ASPIRE"] = "1" },
        })!;
        return await Programs.EndAsync(process, TestContext.Current.CancellationToken);
    }
}
