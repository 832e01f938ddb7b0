using System.Net;
using Topology.Hardening.Strictness;
using Topology.Tests.Infrastructure;

namespace Topology.Tests.Hardening;

public sealed class PathTests(HardeningFixture fixture)
{
    private static readonly string[] Ambiguous = [
        "/catalog%2F{id}", "/catalog%2f{id}", "/catalog/{id}%2F..%2Fhealth", "/catalog/{id}%5Cx", "/catalog/{id}%5cx", "/catalog\\{id}",
            "/catalog/..\\{id}",
        "/catalog/../health?{id}", "/catalog/./{id}", "/catalog/{id}/..", "/catalog/{id}/.", "/catalog/%2e%2e/health?{id}",
            "/catalog/%2E%2E/orders/{id}", "/catalog/.%2e/{id}", "/catalog/%2e./{id}",
        "/catalog/%2e/{id}", "/catalog//{id}", "//catalog/{id}", "/catalog/{id}//", "/catalog/{id}%00", "/catalog/{id}%0a",
            "/catalog/{id}%0d%0aX:y", "/catalog/{id}%7f", "/catalog/{id}%", "/catalog/{id}%4",
        "/catalog/{id}%zz", "/catalog/{id}%u002f", "/catalog/{id}%c0%af", "/catalog/{id}%e0%80%af", "/catalog/{id}%ff",
            "/catalog/{id}%252F", "/catalog/{id}%252e%252e%252f", "/catalog/{id}%25%32%66",
        "/catalog/{id}|", "/catalog/{id}^", "/catalog/{id}{", "/catalog/{id}\"", "/catalog/{id}<x>", "/catalog/{id}`",
            "/catalog/..;/orders/{id}/../x", "http://localhost/catalog/%2e%2e/{id}", "http://localhost//catalog/{id}",
    ];

    private static readonly string[] Clear = [
        "/catalog/{id}", "/catalog/{id}/", "/catalog/{id}.json", "/catalog/.well-known/{id}", "/catalog/..hidden/{id}", "/catalog/{id}...",
            "/catalog/{id};v=1,2", "/catalog/{id}:a@b!$&'()*+=-_~",
        "/catalog/{id}%20x", "/catalog/{id}%C3%A9", "/catalog/{id}%41", "/catalog/{id}%7Ex", "/catalog/{id}%3F%23", "/catalog/100%25/{id}",
            "/catalog/{id}%25", "/catalog/{id}?a=%2F..%2F//\\", "http://localhost/catalog/{id}?b",
    ];

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public static TheoryData<string> AmbiguousPaths => [.. Ambiguous];

    public static TheoryData<string> ClearPaths => [.. Clear];

    [Theory]
    [MemberData(nameof(AmbiguousPaths))]
    public async Task A_path_that_reads_in_two_ways_reaches_no_backend(string path)
    {
        var id = Guid.NewGuid().ToString("N");
        foreach (var (name, url) in fixture.Exposures)
        {
            var answer = await GetAsync(url, path.Replace("{id}", id, StringComparison.Ordinal));
            Assert.True(answer?.Status == 400, $"{name}: {answer?.Status}");
        }

        Assert.Empty(fixture.Recorder.Seen(id));
    }

    [Theory]
    [MemberData(nameof(ClearPaths))]
    public async Task A_path_that_reads_in_one_way_is_the_same_to_the_edge_and_the_backend(string path)
    {
        var id = Guid.NewGuid().ToString("N");
        foreach (var (name, url) in fixture.Exposures)
        {
            var answer = await GetAsync(url, path.Replace("{id}", id, StringComparison.Ordinal));
            Assert.True(answer?.Status == 200, $"{name}: {answer?.Status}");
        }

        var seen = fixture.Recorder.Seen(id);
        Assert.Equal(fixture.Exposures.Count(), seen.Count);
        Assert.Single(seen.Select(request => request.Path).Distinct());
    }

    /// <summary>RFC 3986 section 2.2: an escaped reserved character differs from the character itself.</summary>
    [Theory]
    [InlineData("/catalog/{id}/a%3Bb%26c")]
    [InlineData("/catalog/{id}%3A%40%21%24%27%28%29%2A%2B%2C%3D")]
    [InlineData("/catalog/{id};a%3B=%41%7e?q=%2F%3b")]
    [InlineData("/catalog/{id}%3F%23%5B%5D%25")]
    [InlineData("/catalog/{id}%c3%a9%C3%A9")]
    public async Task Escapes_reach_the_backend_as_they_came(string path)
    {
        var id = Guid.NewGuid().ToString("N");
        path = path.Replace("{id}", id, StringComparison.Ordinal);
        foreach (var (_, url) in fixture.Exposures) Assert.Equal(200, (await GetAsync(url, path))?.Status);
        Assert.Equal([path], fixture.Recorder.Seen(id).Select(request => request.Target).Distinct());

        // In absolute form, and under the host of a site, whose route has its own prefix.
        Assert.Equal(200, (await GetAsync(fixture.Edge.Url("http"), $"http://localhost{path}"))?.Status);
        await using var connection = await RawConnection.OpenAsync(fixture.Edge.Url("http"), Cancelled);
        await connection.SendAsync($"GET {path["/catalog".Length..]} HTTP/1.1\r\nHost: catalog.localhost\r\n\r\n", Cancelled);
        Assert.Equal(200, (await connection.ReadAsync())?.Status);
        Assert.Equal([path], fixture.Recorder.Seen(id).Select(request => request.Target).Distinct());
        Assert.Equal(fixture.Exposures.Count() + 2, fixture.Recorder.Seen(id).Count);
    }

    [Theory]
    [InlineData("/catalog%2Fx")]
    [InlineData("/catalog/%2e%2e/health")]
    [InlineData("/catalog//x")]
    [InlineData("/catalog/x%5Cy")]
    public async Task Http2_is_held_to_the_same(string path)
    {
        foreach (var url in (Uri[])[fixture.Edge.Url("https"), fixture.Recorder.Url("https")])
        {
            using var client = ServiceHost.Http2Client();
            using var response = await client.GetAsync(
                new Uri(url.GetLeftPart(UriPartial.Authority) + path,
                new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }), Cancelled);
            Assert.Equal((HttpStatusCode.BadRequest, HttpVersion.Version20), (response.StatusCode, response.Version));
        }
    }

    [Fact]
    public void A_target_of_any_form_is_judged_by_its_path()
    {
        Assert.All(
            (string[])["*", "/", "http://a", "http://a?x//y", "http://a/b", "/a?//"], target =>
            Assert.True(UnambiguousPath.IsUnambiguous(target), target));
        Assert.All(
            (string[])["a", "http:/a", "http://a//b", "http://a/%2e./b", "/" + new string('a', 5000) + "%41"], target =>
            Assert.False(UnambiguousPath.IsUnambiguous(target), target));
    }

    private static async Task<RawAnswer?> GetAsync(Uri url, string target)
    {
        await using var connection = await RawConnection.OpenAsync(url, Cancelled);
        await connection.SendAsync($"GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n", Cancelled);
        return await connection.ReadAsync();
    }
}
