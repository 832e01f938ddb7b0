using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Topology.AppHost.Tests.Infrastructure;

namespace Topology.AppHost.Tests.Lab;

/// <summary>The processes of the running lab, and another topology beside it.</summary>
[Collection(RunningLab.Collection)]
public sealed class ProcessTests(Infrastructure.Lab lab)
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_service_is_one_process()
    {
        var running = await lab.StartAsync();
        foreach (var service in TopologyProcess.Services)
        {
            var pid = running.Pid(service);
            Assert.Contains("Topology.", File.ReadAllText($"/proc/{pid}/cmdline"), StringComparison.Ordinal);
            Assert.Equal("", File.ReadAllText($"/proc/{pid}/task/{pid}/children"));
        }
    }

    [Fact]
    public async Task Two_topologies_run_at_once_and_neither_sees_the_others_orders()
    {
        var one = (await lab.StartAsync()).Url("edge", "http");
        await using var topology = await TopologyProcess.StartAsync();
        var two = topology.Url("edge", "http");
        var id = await OrderAsync(one);
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(one, $"/orders/{id}"));
        Assert.Equal(HttpStatusCode.NotFound, await StatusAsync(two, $"/orders/{id}"));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(two, $"/orders/{await OrderAsync(two)}"));
    }

    private static async Task<string> OrderAsync(Uri edge)
    {
        using var client = new HttpClient { BaseAddress = edge };
        using var request = new HttpRequestMessage(HttpMethod.Post, "/orders")
        {
            Headers = { { "Idempotency-Key", Guid.NewGuid().ToString() } },
            Content = JsonContent.Create(new { lines = new[] { new { itemId = 1, quantity = 2 } } }),
        };
        using var response = await client.SendAsync(request, Cancelled);
        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        return (await response.Content.ReadFromJsonAsync<JsonElement>(Cancelled)).GetProperty("id").GetString()!;
    }

    private static async Task<HttpStatusCode> StatusAsync(Uri edge, string path)
    {
        using var client = new HttpClient { BaseAddress = edge };
        using var response = await client.GetAsync(path, Cancelled);
        return response.StatusCode;
    }
}
