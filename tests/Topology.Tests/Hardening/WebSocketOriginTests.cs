using System.Net.WebSockets;
using Topology.Tests.Infrastructure;

namespace Topology.Tests.Hardening;

public sealed class WebSocketOriginTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(null, true)]
    [InlineData("{own}", true)]
    [InlineData("https://app.example.com", true)]
    [InlineData("https://app.example.com.evil.example", false)]
    [InlineData("http://localhost", false)]
    [InlineData("https://evil.example", false)]
    [InlineData("null", false)]
    public async Task A_page_of_another_site_opens_no_socket_on_a_public_listener(string? origin, bool isAllowed)
    {
        await using var live = ServiceHost.Start<Topology.Live.Events.Tick>([("Topology:WebSocketOrigins:0", "https://app.example.com")]);
        foreach (var (listener, version) in (IEnumerable<(string, string)>)[("http", "1.1"), ("https", "1.1"), ("https", "2.0")])
        {
            var url = live.Url(listener);
            using var invoker = new HttpMessageInvoker(ServiceHost.Handler());
            using var socket = new ClientWebSocket
            {
                Options =
                { HttpVersion = Version.Parse(version), HttpVersionPolicy = HttpVersionPolicy.RequestVersionExact,
                CollectHttpResponseDetails = true }
            };
            if (origin is not null)
            {
                socket.Options.SetRequestHeader("Origin", origin == "{own}" ? url.GetLeftPart(UriPartial.Authority) : origin);
            }
            var opening = socket.ConnectAsync(
                new UriBuilder(url) { Scheme = listener == "https" ? "wss" : "ws", Path = "/live/socket" }.Uri, invoker, Cancelled);
            if (isAllowed)
            {
                await opening;
                await Echoes.AssertSocketAsync(socket, Cancelled);
                continue;
            }

            await Assert.ThrowsAsync<WebSocketException>(() => opening);
            Assert.Equal(System.Net.HttpStatusCode.Forbidden, socket.HttpStatusCode);
        }
    }

    [Fact]
    public void What_is_no_origin_stops_the_start()
    {
        var failure = Assert.ThrowsAny<Exception>(
            () => ServiceHost.Start<Topology.Live.Events.Tick>([("Topology:WebSocketOrigins:0", "app.example.com")]));
        Assert.Contains("Topology:WebSocketOrigins", failure.ToString(), StringComparison.Ordinal);
    }
}
