using CsCheck;
using Topology.ManifestHost;
using Topology.ManifestHost.Manifests;

namespace Topology.Tests.ManifestHost;

public sealed class DependencyGraphTests
{
    [Fact]
    public void Each_resource_comes_after_what_it_refers_to() =>
        Gen.Bool.Array[10].Array[10].Sample(refersTo =>
        {
            // Only to resources with a greater number, so that there is no circle.
            var resources = Enumerable.Range(0, 10).ToDictionary(i => $"r{i}", i => Enumerable.Range(0, 10).Where(j => j > i && refersTo[i][j]).Select(j => $"r{j}").ToArray());

            var graph = new DependencyGraph(Manifest(resources));

            Assert.Equal(10, graph.Ordered.Distinct().Count());
            foreach (var (name, targets) in resources)
            {
                Assert.Equal(targets.Order(), graph.DependenciesOf(name).Order());
                Assert.All(targets, target => Assert.True(Index(graph, target) < Index(graph, name)));
                Assert.All(targets, target => Assert.Contains(name, graph.DependentsOf(target)));
            }
        });

    [Fact]
    public void A_circle_is_an_error_that_names_each_resource_and_key() => Gen.Int[2, 8].Sample(length =>
    {
        var circle = Enumerable.Range(0, length).ToDictionary(i => $"r{i}", i => new[] { $"r{(i + 1) % length}" });

        var error = Assert.Throws<UsageException>(() => new DependencyGraph(Manifest(circle)));

        Assert.All(Enumerable.Range(0, length), i => Assert.Contains($"resource 'r{i}', env TO_r{(i + 1) % length}", error.Message, StringComparison.Ordinal));
    });

    [Fact]
    public void A_resource_may_refer_to_itself() => Assert.Empty(new DependencyGraph(Manifest(new() { ["a"] = ["a"] })).DependenciesOf("a"));

    [Fact]
    public void References_through_values_and_in_arguments_count()
    {
        using var trial = new TrialManifest()
            .Add("web", new { type = "executable.v0", workingDirectory = ".", command = "x", args = new[] { "{db.connectionString}" } })
            .Add("db", new { type = "value.v0", connectionString = "Port={server.bindings.http.port}" })
            .Server("server");

        Assert.Equal(["server", "web"], new DependencyGraph(trial.Read()).Ordered);
    }

    private static int Index(DependencyGraph graph, string name) => graph.Ordered.ToList().IndexOf(name);

    private static Manifest Manifest(Dictionary<string, string[]> resources) => new("/m.json", resources.ToDictionary(
        r => r.Key,
        Resource (r) => new ExecutableResource(
            r.Key, "executable.v0", "x", "/", [], r.Value.ToDictionary(target => $"TO_{target}", target => $"{{{target}.bindings.http.url}}"), new Dictionary<string, Binding>())));
}
