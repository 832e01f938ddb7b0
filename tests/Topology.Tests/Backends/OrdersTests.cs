using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Topology.Catalog.Items;
using Topology.Orders.Storage;
using Topology.Tests.Hardening;
using Topology.Tests.Infrastructure;

namespace Topology.Tests.Backends;

public sealed class OrdersTests : IAsyncDisposable
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private readonly string _file = Path.Combine(Directory.CreateTempSubdirectory("topology-orders-").FullName, "orders.db");
    private readonly ServiceHost _catalog = ServiceHost.Start<ItemStore>();
    private ServiceHost _orders;

    public OrdersTests() => _orders = Start();

    public async ValueTask DisposeAsync()
    {
        await _orders.DisposeAsync();
        await _catalog.DisposeAsync();
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        Directory.Delete(Path.GetDirectoryName(_file)!, recursive: true);
    }

    [Fact]
    public async Task An_order_is_priced_by_the_catalog_and_can_be_read_again()
    {
        var item = await _catalog.Client().GetFromJsonAsync<JsonElement>("/catalog/items/3", Cancelled);
        using var response = await PostAsync("a", """{"lines":[{"itemId":3,"quantity":2}]}""");
        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        var order = await response.Content.ReadFromJsonAsync<JsonElement>(Cancelled);
        Assert.Equal(2 * item.GetProperty("price").GetDecimal(), order.GetProperty("total").GetDecimal());

        var read = await _orders.Client().GetFromJsonAsync<JsonElement>(response.Headers.Location, Cancelled);
        Assert.Equal(order.GetRawText(), read.GetRawText());
    }

    [Fact]
    public async Task The_same_key_gives_the_same_order_under_concurrency()
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, 32).Select(async _ =>
        {
            using var response = await PostAsync("same", """{"lines":[{"itemId":1,"quantity":1},{"itemId":2,"quantity":5}]}""");
            return (response.StatusCode, Body: await response.Content.ReadAsStringAsync(Cancelled));
        }));
        Assert.Single(answers.Select(answer => answer.Body).Distinct());
        Assert.Single(answers, answer => answer.StatusCode == HttpStatusCode.Created);
        Assert.Equal(1, await CountAsync());
    }

    [Fact]
    public async Task The_same_key_gives_the_same_order_after_a_restart()
    {
        var first = await ReadAsync("again");
        await _orders.DisposeAsync();
        _orders = Start();
        Assert.Equal(first, await ReadAsync("again"));
        Assert.Equal(1, await CountAsync());

        async Task<string> ReadAsync(string key)
        {
            using var response = await PostAsync(key, """{"lines":[{"itemId":9,"quantity":1}]}""");
            response.EnsureSuccessStatusCode();
            return await response.Content.ReadAsStringAsync(Cancelled);
        }
    }

    [Fact]
    public async Task Orders_are_listed_oldest_first_from_a_cursor_on()
    {
        for (var i = 1; i <= 5; i++) (await PostAsync($"k{i}", $$"""{"lines":[{"itemId":{{i}},"quantity":1}]}""")).Dispose();
        var client = _orders.Client();
        var first = await client.GetFromJsonAsync<JsonElement>("/orders?limit=3", Cancelled);
        var rest = await client.GetFromJsonAsync<JsonElement>($"/orders?after={first.GetProperty("next")}", Cancelled);
        Assert.Equal(JsonValueKind.Null, rest.GetProperty("next").ValueKind);
        Assert.Equal([1, 2, 3, 4, 5], first.GetProperty("orders").EnumerateArray().Concat(rest.GetProperty("orders").EnumerateArray())
            .Select(order => order.GetProperty("lines")[0].GetProperty("itemId").GetInt32()));
    }

    [Theory]
    [InlineData(null, """{"lines":[{"itemId":1,"quantity":1}]}""", HttpStatusCode.BadRequest, "Idempotency-Key")]
    [InlineData("k", """{"lines":[]}""", HttpStatusCode.BadRequest, "lines")]
    [InlineData("k", """{}""", HttpStatusCode.BadRequest, "lines")]
    [InlineData("k", "", HttpStatusCode.BadRequest, "body")]
    [InlineData("k", "[", HttpStatusCode.BadRequest, "JSON")]
    [InlineData("k", """{"lines":[null]}""", HttpStatusCode.BadRequest, "lines[0]")]
    [InlineData("k", """{"lines":[{"itemId":1,"quantity":0}]}""", HttpStatusCode.BadRequest, "quantity")]
    [InlineData("k", """{"lines":[{"itemId":1,"quantity":"many"}]}""", HttpStatusCode.BadRequest, "lines[0].quantity")]
    [InlineData("k", """{"lines":[{"itemId":1,"quantity":1},{"itemId":9999,"quantity":1}]}""", HttpStatusCode.UnprocessableEntity, "lines[1].itemId")]
    public async Task Bad_input_is_answered_with_a_problem_that_names_the_field(
        string? key, string body, HttpStatusCode status, string field)
    {
        using var response = await PostAsync(key, body);
        var text = await response.Content.ReadAsStringAsync(Cancelled);
        Assert.True(response.StatusCode == status, text);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType!.MediaType);
        Assert.Contains(field, text, StringComparison.OrdinalIgnoreCase);
        Assert.Equal(0, await CountAsync());
    }

    [Fact]
    public async Task A_key_used_for_another_order_is_refused()
    {
        (await PostAsync("k", """{"lines":[{"itemId":1,"quantity":1}]}""")).Dispose();
        using var response = await PostAsync("k", """{"lines":[{"itemId":1,"quantity":2}]}""");
        Assert.Equal(HttpStatusCode.UnprocessableEntity, response.StatusCode);
        Assert.Equal(1, await CountAsync());
    }

    [Fact]
    public async Task Without_the_catalog_nothing_is_accepted_and_the_client_is_told_when_to_try_again()
    {
        await _catalog.DisposeAsync();
        using var response = await PostAsync("k", """{"lines":[{"itemId":1,"quantity":1}]}""");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        Assert.NotNull(response.Headers.RetryAfter);
        Assert.Equal(0, await CountAsync());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_catalog_that_hangs_or_talks_nonsense_is_one_that_does_not_answer(bool hangs)
    {
        await using var catalog = await Recorder.StartAsync();
        catalog.Answer = context =>
            hangs ? Task.Delay(Timeout.Infinite, context.RequestAborted) : context.Response.WriteAsync("no JSON", Cancelled);
        await _orders.DisposeAsync();
        _orders = ServiceHost.Start<OrderStore>([("ConnectionStrings:orders", $"Data Source={_file}"), .. catalog.AsEveryService()]);
        using var response = await PostAsync("k", """{"lines":[{"itemId":1,"quantity":1}]}""");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        Assert.NotNull(response.Headers.RetryAfter);
    }

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    [InlineData("3.0")]
    public async Task A_body_that_grows_too_large_is_refused(string version)
    {
        if (version == "3.0") Http3.Require();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/orders")
        {
            Version = new(version),
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new StreamContent(new Unannounced([.. Enumerable.Repeat((byte)' ', 200_000)]))
            { Headers = { { "Content-Type", "application/json" } } },
            Headers = { { "Idempotency-Key", "k" } },
        };
        using var response = await _orders.Client("https").SendAsync(request, Cancelled);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, response.StatusCode);
    }

    [Fact]
    public void Where_orders_cannot_be_kept_the_start_fails_and_names_the_setting()
    {
        var error = Assert.Throws<InvalidOperationException>(
            () => ServiceHost.Start<OrderStore>(("ConnectionStrings:orders", $"Data Source={_file}/orders.db")));
        Assert.Contains($"{_file}/orders.db", error.Message, StringComparison.Ordinal);
        Assert.Contains("Set ConnectionStrings:orders to", error.Message, StringComparison.Ordinal);
    }

    /// <summary>A stream whose length is not known, so that none is announced.</summary>
    private sealed class Unannounced(byte[] bytes) : MemoryStream(bytes)
    {
        public override bool CanSeek => false;
    }

    private ServiceHost Start() => ServiceHost.Start<OrderStore>(
        [("ConnectionStrings:orders", $"Data Source={_file}"), .. ServiceHost.Discovery("catalog", _catalog)]);

    private async Task<HttpResponseMessage> PostAsync(string? key, string body)
    {
        using var request =
            new HttpRequestMessage(HttpMethod.Post, "/orders") { Content = new StringContent(body, null, "application/json") };
        if (key is not null) request.Headers.Add("Idempotency-Key", key);
        return await _orders.Client().SendAsync(request, Cancelled);
    }

    private async Task<int> CountAsync() =>
        (await _orders.Client().GetFromJsonAsync<JsonElement>("/orders?limit=500", Cancelled)).GetProperty("orders").GetArrayLength();
}
