using Topology.ManifestHost.Running;
using Topology.Tests.Infrastructure;

namespace Topology.Tests.Publishing;

/// <summary>The command <c>publish</c>, where Aspire's packages are not there.</summary>
public sealed class PublishTests
{
    private static readonly string Committed = Path.Combine(Repository.Find()!.Manifests, "cloud.json");

    [Theory]
    [InlineData("edge", "cloud.json", "reached from outside: edge")]
    [InlineData("both", "cloud-both.json", "reached from outside: catalog, orders, media, live, edge")]
    public async Task Published_elsewhere_the_committed_manifest_leads_to_the_same_projects_and_the_command_says_so(string exposure, string file, string reached)
    {
        var folder = Path.Combine(Directory.CreateTempSubdirectory("topology-publish-").FullName, "new", "folder");

        var (code, output, _) = await PublishAsync(folder, "--exposure", exposure);

        Assert.Equal(0, code);
        Assert.Contains("the AppHost cannot publish", output, StringComparison.Ordinal);
        Assert.Contains($"{file} is valid", output, StringComparison.Ordinal);
        Assert.Contains(reached, output, StringComparison.Ordinal);
        Assert.Equal([file], Directory.GetFiles(folder).Select(Path.GetFileName));
        Assert.Equal(Projects(Path.Combine(Path.GetDirectoryName(Committed)!, file)), Projects(Path.Combine(folder, file)));
    }

    [Fact]
    public async Task Published_where_it_is_the_committed_manifest_stays_byte_for_byte()
    {
        var before = await File.ReadAllBytesAsync(Committed, TestContext.Current.CancellationToken);

        var (code, output, _) = await PublishAsync();

        Assert.Equal(0, code);
        Assert.Contains("stays as it is committed", output, StringComparison.Ordinal);
        Assert.Contains("lab.json is valid", output, StringComparison.Ordinal);
        Assert.Equal(before, await File.ReadAllBytesAsync(Committed, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Every_problem_of_a_manifest_is_a_line_and_exit_code_2()
    {
        using var manifest = new ManifestFile();
        manifest.Change("catalog", "/bindings/http/external", true);
        manifest.Change("catalog", "/env/Topology__AllowedHosts", "localhost");
        manifest.Change("orders", "/env/X", "{nobody.value}");

        var (code, _, error) = await PublishAsync("--check", manifest.File);

        Assert.Equal(2, code);
        Assert.Equal(
            ["resource 'catalog', key 'bindings.http.external'", "resource 'catalog', key 'bindings.http.external'", "resource 'orders', key 'env.X'"],
            error.TrimEnd().Split('\n').Select(line => line.Split(": ")[1]));
    }

    [Fact]
    public async Task Backends_that_are_exposed_on_purpose_are_named_loudly()
    {
        using var manifest = new ManifestFile();
        manifest.Change("catalog", "/bindings/http/external", true);
        manifest.Change("catalog", "/env/Topology__AllowedHosts", "localhost");
        manifest.Change("catalog", "/env/Topology__Listeners__ingress", "{catalog.bindings.http.targetPort}");
        manifest.Change("catalog", "/env/Topology__Listeners__internal", "8081");

        var (code, output, _) = await PublishAsync("--check", manifest.File, "--exposure", "both");

        Assert.Equal(0, code);
        Assert.Contains("WARNING: catalog will answer the Internet", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--exposure all", "'both'")]
    [InlineData("--check /none.json", "/none.json does not exist; name a manifest that does")]
    [InlineData("--check /", "/ is a folder; name a manifest in it")]
    [InlineData("--check --frob", "no option '--frob'")]
    [InlineData("--frob", "no option '--frob'")]
    [InlineData("--frob elsewhere", "no option '--frob'")]
    [InlineData("-x", "no option '-x'")]
    [InlineData("-- /dev/null/--frob", "/dev/null/--frob cannot be written")]
    [InlineData("/dev/null", "/dev/null is a file; name a folder")]
    [InlineData("/dev/null/x", "/dev/null/x cannot be written")]
    public async Task A_bad_argument_is_one_line_and_exit_code_2(string arguments, string expected)
    {
        var (code, _, error) = await PublishAsync(arguments.Split(' '));

        Assert.Equal(2, code);
        Assert.Contains(expected, Assert.Single(error.TrimEnd().Split('\n')), StringComparison.Ordinal);
        Assert.False(Path.Exists("--frob"));
    }

    private static Task<(int ExitCode, string Output, string Error)> PublishAsync(params string[] arguments) =>
        ManifestHostProcess.RunAsync(["publish", .. arguments], TestContext.Current.CancellationToken);

    private static IEnumerable<string> Projects(string file) =>
        Topology.ManifestHost.Manifests.ManifestReader.Read(file).Processes.OfType<Topology.ManifestHost.Manifests.ProjectResource>().Select(project => project.ProjectFile);
}
