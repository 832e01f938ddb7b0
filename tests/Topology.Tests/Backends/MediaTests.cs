using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Json;
using Topology.Media.Content;
using Topology.Tests.Hardening;
using Topology.Tests.Infrastructure;

namespace Topology.Tests.Backends;

public sealed class MediaTests : IAsyncDisposable
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private readonly ServiceHost _media = ServiceHost.Start<DeterministicStream>();

    public ValueTask DisposeAsync() => _media.DisposeAsync();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(1_000_003)]
    public async Task A_download_has_the_length_asked_for_and_the_deterministic_bytes(int length)
    {
        var body = await _media.Client().GetByteArrayAsync($"/media/{length}", Cancelled);
        Assert.Equal(Content(length), body);
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(3, 12)]
    [InlineData(8, 15)]
    [InlineData(65_530, 65_545)]
    [InlineData(99_999, 99_999)]
    public async Task A_range_is_the_same_bytes_as_in_the_whole(int from, int to)
    {
        using var request =
            new HttpRequestMessage(HttpMethod.Get, "/media/100000") { Headers = { Range = new RangeHeaderValue(from, to) } };
        using var response = await _media.Client().SendAsync(request, Cancelled);
        Assert.Equal(HttpStatusCode.PartialContent, response.StatusCode);
        Assert.Equal($"bytes {from}-{to}/100000", response.Content.Headers.ContentRange!.ToString());
        Assert.Equal(Content(100_000)[from..(to + 1)], await response.Content.ReadAsByteArrayAsync(Cancelled));
    }

    [Fact]
    public async Task A_range_outside_the_content_is_not_satisfiable()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/media/10") { Headers = { Range = new RangeHeaderValue(10, 20) } };
        using var response = await _media.Client().SendAsync(request, Cancelled);
        Assert.Equal(HttpStatusCode.RequestedRangeNotSatisfiable, response.StatusCode);
    }

    [Theory]
    [InlineData("/media/1073741825", HttpStatusCode.BadRequest)]
    [InlineData("/media/-1", HttpStatusCode.BadRequest)]
    [InlineData("/media/much", HttpStatusCode.NotFound)]
    public async Task A_size_that_cannot_be_had_is_a_problem(string path, HttpStatusCode status)
    {
        using var response = await _media.Client().GetAsync(path, Cancelled);
        Assert.Equal(status, response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType!.MediaType);
    }

    [Fact]
    public async Task An_upload_is_answered_with_its_length_and_digest()
    {
        var body = Content(3_000_000);
        using var response = await _media.Client().PostAsync("/media", new ByteArrayContent(body), Cancelled);
        var upload = await response.Content.ReadFromJsonAsync<JsonElement>(Cancelled);
        Assert.Equal(body.Length, upload.GetProperty("length").GetInt64());
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(body)), upload.GetProperty("sha256").GetString());
    }

    [Fact]
    public async Task An_upload_that_announces_more_than_the_limit_is_refused_at_once()
    {
        using var content = new StreamContent(new DeterministicStream(UploadEndpoint.MaximumBytes + 1));
        using var request = new HttpRequestMessage(HttpMethod.Post, "/media") { Content = content, Headers = { ExpectContinue = true } };
        using var response = await _media.Client().SendAsync(request, Cancelled);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType!.MediaType);
    }

    [Fact]
    public async Task Downloads_that_were_broken_off_delay_nobody()
    {
        var open = new List<RawConnection>();
        for (var i = 0; i < 40; i++)
        {
            var connection = await RawConnection.OpenAsync(_media.Url("http"), Cancelled);
            open.Add(connection);
            await connection.SendAsync($"GET /media/{UploadEndpoint.MaximumBytes} HTTP/1.1\r\nHost: localhost\r\n\r\n", Cancelled);
            await connection.ReadAsync(hasNoBody: true);
        }

        foreach (var connection in open) await connection.DisposeAsync();
        var asked = Stopwatch.StartNew();
        await _media.Client().GetByteArrayAsync("/media/10", Cancelled);
        Assert.InRange(asked.ElapsedMilliseconds, 0, 1000);
    }

    private static byte[] Content(int length)
    {
        var bytes = new byte[length];
        using var stream = new DeterministicStream(length);
        stream.ReadExactly(bytes);
        return bytes;
    }
}
