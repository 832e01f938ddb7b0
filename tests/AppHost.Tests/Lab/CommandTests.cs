using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Topology.AppHost.Commands;
using Topology.AppHost.Tests.Infrastructure;
using Topology.Comparison.Workloads;
using Topology.Tests.Infrastructure;

namespace Topology.AppHost.Tests.Lab;

/// <summary>The commands of resources, given as the dashboard and the Aspire CLI give them.</summary>
[Collection(RunningLab.Collection)]
public sealed class CommandTests(Infrastructure.Lab lab)
{
    [Fact]
    public void Compare_offers_every_workload() =>
        Assert.Equal(WorkloadCatalog.All.Select(workload => workload.Name), TrafficCommands.Workloads);

    [Fact]
    public async Task Compare_answers_with_a_table_and_sentences()
    {
        var result = await (await lab.StartAsync()).CommandAsync(
            "traffic", "compare", Input("workload", "catalog"), Input("paths", "direct,edge"), Input("rate", "100"), Input("duration", "1"),
            Input("tls", "false"));
        Assert.True(result.Success, result.Message);
        Assert.Equal(CommandResultFormat.Markdown, result.Data!.Format);
        Assert.Contains("| direct |", result.Data.Value, StringComparison.Ordinal);
        Assert.Contains("| edge |", result.Data.Value, StringComparison.Ordinal);
        Assert.Matches("The control found (no|a) difference", result.Data.Value);
    }

    [Theory]
    [InlineData("paths", "direct,no-such-path", "no-such-path")]
    [InlineData("rate", "-1", "rate")]
    [InlineData("duration", "100000", "duration")]
    public async Task Compare_says_what_is_wrong_with_its_inputs(string name, string value, string expected)
    {
        var result = await (await lab.StartAsync()).CommandAsync("traffic", "compare", Input(name, value));
        Assert.False(result.Success);
        Assert.Contains(expected, result.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_killed_backend_starts_again_and_one_that_is_stopped_stays_stopped()
    {
        var running = await lab.StartAsync();
        var pid = running.Pid("media");
        Assert.True((await running.CommandAsync("media", "kill")).Success);
        await Eventually.TrueAsync(() => Health() == "healthy" && running.Pid("media") != pid, seconds: 60);

        Assert.True((await running.CommandAsync("media", KnownResourceCommands.StopCommand)).Success);
        await Eventually.TrueAsync(() => Health() is null, seconds: 60);
        await Task.Delay(TimeSpan.FromSeconds(3), TestContext.Current.CancellationToken);
        Assert.Null(Health());
        Assert.False((await running.CommandAsync("media", "kill")).Success);

        Assert.True((await running.CommandAsync("media", KnownResourceCommands.StartCommand)).Success);
        await Eventually.TrueAsync(() => Health() == "healthy", seconds: 60);

        string? Health() => running.Resource("media").GetProperty("health").GetString();
    }

    private static InteractionInput Input(string name, string value) => new() { Name = name, InputType = InputType.Text, Value = value };
}
