using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Topology.Catalog.Items;
using Topology.Tests.Infrastructure;

namespace Topology.Tests.Backends;

public sealed class CatalogTests : IAsyncDisposable
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private readonly ServiceHost _catalog = ServiceHost.Start<ItemStore>();

    public ValueTask DisposeAsync() => _catalog.DisposeAsync();

    [Fact]
    public async Task An_item_has_an_entity_tag_and_is_not_sent_again_to_who_has_it()
    {
        var client = _catalog.Client();
        using var first = await client.GetAsync("/catalog/items/7", Cancelled);
        Assert.Equal(HttpStatusCode.OK, first.StatusCode);
        Assert.Equal(7, (await first.Content.ReadFromJsonAsync<JsonElement>(Cancelled)).GetProperty("id").GetInt32());

        using var request = new HttpRequestMessage(HttpMethod.Get, "/catalog/items/7")
        { Headers = { { "If-None-Match", first.Headers.ETag!.ToString() } } };
        using var second = await client.SendAsync(request, Cancelled);
        Assert.Equal(HttpStatusCode.NotModified, second.StatusCode);
        Assert.Empty(await second.Content.ReadAsByteArrayAsync(Cancelled));
    }

    /// <summary>RFC 9110 section 9.3.2: as GET, without the content.</summary>
    [Fact]
    public async Task Head_tells_what_get_would_send()
    {
        var client = _catalog.Client();
        using var get = await client.GetAsync("/catalog/items/7", Cancelled);
        using var request = new HttpRequestMessage(HttpMethod.Head, "/catalog/items/7");
        using var head = await client.SendAsync(request, Cancelled);
        Assert.Equal(
            (get.StatusCode, get.Headers.ETag, get.Content.Headers.ContentLength),
            (head.StatusCode, head.Headers.ETag, head.Content.Headers.ContentLength));
        Assert.Empty(await head.Content.ReadAsByteArrayAsync(Cancelled));
    }

    [Fact]
    public async Task Replicas_answer_the_same_bytes()
    {
        await using var other = ServiceHost.Start<ItemStore>();
        Assert.Equal(
            await _catalog.Client().GetByteArrayAsync("/catalog/items?page=3&size=50", Cancelled),
            await other.Client().GetByteArrayAsync("/catalog/items?page=3&size=50", Cancelled));
    }

    [Fact]
    public async Task Pages_cover_every_item_once()
    {
        var client = _catalog.Client();
        var ids = new List<int>();
        for (var page = 1; ; page++)
        {
            var items =
                (await client.GetFromJsonAsync<JsonElement>($"/catalog/items?page={page}&size=100", Cancelled)).GetProperty("items");
            if (items.GetArrayLength() == 0) break;
            ids.AddRange(items.EnumerateArray().Select(item => item.GetProperty("id").GetInt32()));
        }

        Assert.Equal(Enumerable.Range(1, ItemStore.Count), ids);
    }

    [Theory]
    [InlineData("/catalog/items?page=0", HttpStatusCode.BadRequest, "page")]
    [InlineData("/catalog/items?page=two", HttpStatusCode.BadRequest, "page")]
    [InlineData("/catalog/items?size=101", HttpStatusCode.BadRequest, "size")]
    [InlineData("/catalog/items?size=99999999999", HttpStatusCode.BadRequest, "size")]
    [InlineData("/catalog/items?page=2147483647&size=100", HttpStatusCode.OK, "items")]
    [InlineData("/catalog/items/4097", HttpStatusCode.NotFound, "4097")]
    [InlineData("/catalog/items/none", HttpStatusCode.NotFound, "404")]
    [InlineData("/catalog/nothing", HttpStatusCode.NotFound, "404")]
    public async Task Bad_input_is_answered_with_a_problem_that_names_it(string path, HttpStatusCode status, string named)
    {
        using var response = await _catalog.Client().GetAsync(path, Cancelled);
        Assert.Equal(status, response.StatusCode);
        Assert.Contains(named, await response.Content.ReadAsStringAsync(Cancelled), StringComparison.Ordinal);
        Assert.Equal(
            status == HttpStatusCode.OK ? "application/json" : "application/problem+json", response.Content.Headers.ContentType!.MediaType);
    }
}
