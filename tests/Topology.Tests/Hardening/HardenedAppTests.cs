using System.Net;
using Topology.HardenedApp;
using Topology.Tests.Infrastructure;

namespace Topology.Tests.Hardening;

/// <summary>An application outside the topology that uses Hardening: one project reference and two calls.</summary>
public sealed class HardenedAppTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task It_serves_its_own_host_with_security_headers_and_no_other_host()
    {
        await using var app = ServiceHost.Start<Marker>();
        using var response = await app.Client().GetAsync("/", Cancelled);
        Assert.Equal("Hello World!", await response.Content.ReadAsStringAsync(Cancelled));
        Assert.Equal("nosniff", response.Headers.GetValues("X-Content-Type-Options").Single());

        using var request = new HttpRequestMessage(HttpMethod.Get, "/") { Headers = { Host = "other.example" } };
        using var refused = await app.Client().SendAsync(request, Cancelled);
        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        Assert.Equal("application/problem+json", refused.Content.Headers.ContentType?.MediaType);
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400)]
    [InlineData("GET /a/..%2fb HTTP/1.1\r\nHost: localhost\r\n\r\n", 400)]
    [InlineData("TRACE / HTTP/1.1\r\nHost: localhost\r\n\r\n", 501)]
    public async Task It_refuses_requests_that_can_be_read_in_two_ways(string request, int status)
    {
        await using var app = ServiceHost.Start<Marker>();
        await using var connection = await RawConnection.OpenAsync(app.Url("http"), Cancelled);
        await connection.SendAsync(request, Cancelled);
        Assert.Equal(status, (await connection.ReadAsync())?.Status);
    }

    [Fact]
    public async Task It_holds_bodies_and_clients_to_the_limits()
    {
        await using var app = ServiceHost.Start<Marker>(
            ("Topology:Limits:BodyBytes", "10"), ("Topology:Limits:RequestBurst", "3"), ("Topology:Limits:UncountedClients", "none"));
        var client = app.Client();
        using var small = await client.PostAsync("/notes", new StringContent("0123456789"), Cancelled);
        Assert.Equal("10", await small.Content.ReadAsStringAsync(Cancelled));
        using var large = await client.PostAsync("/notes", new StringContent("0123456789+"), Cancelled);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, large.StatusCode);

        HttpStatusCode last = default;
        for (var i = 0; i < 10 && last != HttpStatusCode.TooManyRequests; i++)
        {
            using var response = await client.GetAsync("/", Cancelled);
            last = response.StatusCode;
        }

        Assert.Equal(HttpStatusCode.TooManyRequests, last);
    }
}
