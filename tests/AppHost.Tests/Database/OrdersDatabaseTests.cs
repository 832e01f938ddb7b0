using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Topology.AppHost.Tests.Infrastructure;
using Topology.Tests.Infrastructure;

namespace Topology.AppHost.Tests.Database;

/// <summary>The lab with two replicas of orders on one PostgreSQL server.</summary>
public sealed class OrdersDatabaseTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task No_client_of_the_edge_sees_a_replica_die_and_orders_outlive_the_database()
    {
        await InstalledPostgres.RequireAsync();
        await using var topology = await TopologyProcess.StartAsync("--Topology:Orders=postgres", "--Topology:Pairs=0");
        var server = Server(topology);
        Assert.DoesNotContain("Uid:\t0\t", await File.ReadAllTextAsync($"/proc/{server}/status", Cancelled), StringComparison.Ordinal);
        using var client = new HttpClient { BaseAddress = topology.Url("edge", "http") };

        // A replica is killed between posts and during some. The edge sends what breaks off to the other one.
        var acknowledged = new ConcurrentBag<string>();
        using var end = new CancellationTokenSource();
        var posting = Task.WhenAll(Enumerable.Range(0, 4).Select(_ => PostUntilAsync(end.Token)));
        await MoreAsync(20);
        var pid = topology.Resource("orders-2").GetProperty("pid").GetInt32();
        await Programs.SignalAsync("KILL", pid);
        await MoreAsync(20);
        await end.CancelAsync();
        await posting;
        Assert.Equal(acknowledged.Order(), (await ListAsync()).Order());

        // Killed as well, the database starts again by itself, and with it the posts. Until then clients are told to repeat.
        await Programs.SignalAsync("KILL", server);
        await topology.UntilAsync(
            () => topology.Output.Contains("orders-database ended with exit code", StringComparison.Ordinal),
            "the database's end is seen", TimeSpan.FromSeconds(30), Cancelled);
        await Eventually.TrueAsync(
            async () =>
            {
                using var response = await PostAsync("after");
                Assert.True(response.IsSuccessStatusCode || response.StatusCode == HttpStatusCode.ServiceUnavailable, $"{response}");
                return response.IsSuccessStatusCode;
            },
            seconds: 30);
        Assert.Equal(acknowledged.Count + 1, (await ListAsync()).Count);

        server = Server(topology);
        Assert.Equal(0, await topology.StopAsync(Cancelled));
        await Eventually.TrueAsync(() => !Directory.Exists($"/proc/{server}"));

        async Task PostUntilAsync(CancellationToken ended)
        {
            while (!ended.IsCancellationRequested)
            {
                using var response = await PostAsync(Guid.NewGuid().ToString());
                var body = await response.Content.ReadAsStringAsync(Cancelled);
                Assert.True(response.StatusCode is HttpStatusCode.Created or HttpStatusCode.OK, $"{response.StatusCode} {body}");
                using var order = JsonDocument.Parse(body);
                acknowledged.Add(order.RootElement.GetProperty("id").GetString()!);
                // Below the limit of requests for one client.
                await Task.Delay(30, Cancelled);
            }
        }

        Task MoreAsync(int count)
        {
            var goal = acknowledged.Count + count;
            return Eventually.TrueAsync(() => acknowledged.Count >= goal || posting.IsCompleted, seconds: 60);
        }

        async Task<HttpResponseMessage> PostAsync(string key)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/orders")
            {
                Headers = { { "Idempotency-Key", key } },
                Content = JsonContent.Create(new { lines = new[] { new { itemId = 1, quantity = 1 } } }),
            };
            return await client.SendAsync(request, Cancelled);
        }

        async Task<IReadOnlyList<string>> ListAsync()
        {
            var ids = new List<string>();
            for (long? next = 0; next is not null;)
            {
                var page = await client.GetFromJsonAsync<JsonElement>($"/orders?limit=500&after={next}", Cancelled);
                ids.AddRange(page.GetProperty("orders").EnumerateArray().Select(order => order.GetProperty("id").GetString()!));
                next = page.GetProperty("next") is { ValueKind: JsonValueKind.Number } more ? more.GetInt64() : null;
            }

            return ids;
        }
    }

    [Fact]
    public async Task A_database_that_nobody_knows_is_said_in_one_line_before_anything_starts()
    {
        using var process = Programs.Start("AppHost", ["--Topology:Orders=mysql", "--Topology:Ports=dynamic"]);
        var (code, output, error) = await Programs.EndAsync(process, Cancelled);
        Assert.Equal((2, "", "Topology:Orders is \"mysql\"; set sqlite or postgres."), (code, output, error.Trim()));
    }

    [Fact]
    public async Task Root_that_cannot_become_another_user_is_told_what_to_do()
    {
        await InstalledPostgres.RequireAsync();
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Only root has to become another user.");
        var path = Directory.CreateTempSubdirectory("topology-path-");
        foreach (var tool in (string[])["id", "ls", "sort", "tail", "dirname"])
        {
            File.CreateSymbolicLink(Path.Combine(path.FullName, tool), Programs.Find(tool)!);
        }

        var (code, error) = await InstalledPostgres.CheckAsync(path.FullName);
        path.Delete(recursive: true);
        Assert.Equal(1, code);
        Assert.Equal(
            "PostgreSQL refuses to run as root, and there is no user postgres or no setpriv to become it; start as another user", error);
    }

    /// <summary>The server's process: the one below the script.</summary>
    private static int Server(TopologyProcess topology) =>
        Programs.Below(topology.Resource("orders-database").GetProperty("pid").GetInt32())[0];
}
