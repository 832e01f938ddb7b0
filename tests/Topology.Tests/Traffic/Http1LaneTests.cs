using System.Net;
using System.Net.Sockets;
using System.Text;
using Topology.Comparison.Lanes;
using Topology.Comparison.OwnTargets;
using Topology.Comparison.Workloads;

namespace Topology.Tests.Traffic;

public sealed class Http1LaneTests
{
    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")]
    [InlineData("HTTP/1.1 200 OK\r\ncontent-length:5\r\nDate: now\r\n\r\nhello")]
    [InlineData("HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\n\r\n")]
    public void A_response_is_read_whole_however_it_is_split(string answer)
    {
        foreach (var pieces in (int[])[1, 3, 1000])
        {
            using var server = new RawServer(answer, pieces);
            using var lane = new Http1Lane(server.Url, new CatalogWorkload(), Comparing.Trust, new());
            for (var i = 0; i < 2; i++)
            {
                Assert.Equal(200, lane.Exchange(0).Status);
                Assert.Equal("hello", Encoding.ASCII.GetString(lane.Body));
            }

            Assert.Equal(1, server.Connections);
        }
    }

    [Theory]
    [InlineData("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n")]
    [InlineData("HTTP/1.1 20x OK\r\nContent-Length: 0\r\n\r\n")]
    [InlineData("nonsense\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 1, 1\r\n\r\nx")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxy")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nno colon\r\nContent-Length: 0\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n0\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n\r\n")]
    public void A_response_that_RFC_9112_does_not_allow_fails(string answer)
    {
        using var server = new RawServer(answer, 1000);
        using var lane = new Http1Lane(server.Url, new CatalogWorkload(), Comparing.Trust, new());
        Assert.Throws<IOException>(() => lane.Exchange(0));
    }

    [Theory]
    [InlineData("HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n", 200)]
    [InlineData("HEAD", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", 200)]
    [InlineData("HEAD", "HTTP/1.1 404 Not Found\r\n\r\n", 404)]
    [InlineData("DELETE", "HTTP/1.1 204 No Content\r\n\r\n", 204)]
    [InlineData("GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 500\r\n\r\n", 304)]
    public void A_response_that_has_no_body_ends_with_its_head(string method, string answer, int status)
    {
        foreach (var pieces in (int[])[3, 1000])
        {
            using var server = new RawServer(answer, pieces);
            using var lane = new Http1Lane(server.Url, new OwnWorkload(new(method, "/"), null), Comparing.Trust, new());
            for (var i = 0; i < 2; i++)
            {
                Assert.Equal(status, lane.Exchange(0).Status);
                Assert.True(lane.Body.IsEmpty);
            }

            Assert.Equal(1, server.Connections);
        }
    }

    [Fact]
    public void Interim_responses_are_passed_over()
    {
        foreach (var pieces in (int[])[1, 1000])
        {
            using var server = new RawServer(
                "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
                + "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", pieces);
            using var lane = new Http1Lane(server.Url, new CatalogWorkload(), Comparing.Trust, new());
            Assert.Equal(200, lane.Exchange(0).Status);
            Assert.Equal("ok", Encoding.ASCII.GetString(lane.Body));
        }
    }

    [Theory]
    [InlineData("GET", true)]
    [InlineData("PUT", true)]
    [InlineData("POST", false)]
    public void Only_a_request_that_may_be_repeated_is_sent_again_on_a_new_connection(string method, bool again)
    {
        using var server = new RawServer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 1000, answersPerConnection: 1);
        using var lane = new Http1Lane(server.Url, new OwnWorkload(new(method, "/"), null), Comparing.Trust, new());
        Assert.Equal(200, lane.Exchange(0).Status);
        if (again) Assert.Equal(200, lane.Exchange(0).Status);
        else Assert.ThrowsAny<Exception>(() => lane.Exchange(0));
    }

    [Fact]
    public void A_request_to_an_own_application_has_the_users_headers_and_no_others()
    {
        var workload = OwnWorkload.Parse(
            "POST", "/orders?x=1", ["X-Key: a b", "Content-Type: text/plain", "User-Agent: mine", "host: www.example"],
            "hi"u8.ToArray(), null);
        Assert.Equal(
            "POST /base/orders?x=1 HTTP/1.1\r\nHost: www.example\r\nX-Key: a b\r\nUser-Agent: mine\r\nContent-Type: text/plain\r\n"
            + "Content-Length: 2\r\n\r\nhi",
            Encoding.ASCII.GetString(new Http1Request(new("http://localhost:1/base/"), workload, 0).Renew()));
        Assert.Equal(
            "POST / HTTP/1.1\r\nHost: localhost:1\r\nUser-Agent: Topology-Traffic\r\nContent-Length: 0\r\n\r\n",
            Encoding.ASCII.GetString(
                new Http1Request(new("http://localhost:1"), OwnWorkload.Parse("POST", "/", [], null, null), 0).Renew()));
    }

    [Fact]
    public void A_connection_closed_while_idle_is_reopened_and_counted()
    {
        var proof = new LaneProof();
        using var server = new RawServer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 1000, answersPerConnection: 2);
        using var lane = new Http1Lane(server.Url, new CatalogWorkload(), Comparing.Trust, proof);
        for (var i = 0; i < 6; i++) Assert.Equal(200, lane.Exchange(0).Status);
        Assert.Equal(3, proof.Opened);
        Assert.Equal("HTTP/1.1, cleartext", proof.Protocol);
    }

    [Fact]
    public void Every_keyed_request_has_its_own_key()
    {
        var request = new Http1Request(new("http://localhost:1"), new OrdersWorkload(), 0);
        var (first, second) = (Encoding.ASCII.GetString(request.Renew()), Encoding.ASCII.GetString(request.Renew()));
        Assert.NotEqual(first, second);
        Assert.Matches("Idempotency-Key: [0-9a-f]{32}\r\n", first);
        Assert.EndsWith("\r\n\r\n" + Encoding.UTF8.GetString(new OrdersWorkload().Create(0).Body.Span), first, StringComparison.Ordinal);
    }

    [Fact]
    public void An_orders_digest_leaves_out_only_what_differs_by_design()
    {
        var orders = new OrdersWorkload();
        var one = orders.Digest("""{"id":"a","sequence":1,"createdAt":"x","lines":[{"itemId":1,"id":"inner"}],"total":3.5}"""u8);
        Assert.Equal(one, orders.Digest("""{"sequence":2,"id":"b","createdAt":"y","lines":[{"itemId":1,"id":"inner"}],"total":3.5}"""u8));
        Assert.NotEqual(one, orders.Digest("""{"id":"a","sequence":1,"createdAt":"x","lines":[{"itemId":1,"id":"inner"}],"total":3.6}"""u8));
        Assert.NotEqual(one, orders.Digest("""{"id":"a","sequence":1,"createdAt":"x","lines":[{"itemId":1,"id":"other"}],"total":3.5}"""u8));
        Assert.Null(OrdersWorkload.OrderId("not json"u8));
    }

    /// <summary>Sends the same bytes in pieces as the response to every request.</summary>
    private sealed class RawServer : IDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private int _connections;

        public RawServer(string answer, int pieceLength, int answersPerConnection = int.MaxValue)
        {
            _listener.Start();
            var bytes = Encoding.ASCII.GetBytes(answer);
            new Thread(() => Serve(bytes, pieceLength, answersPerConnection)) { IsBackground = true }.Start();
        }

        public Uri Url => new($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");

        public int Connections => _connections;

        public void Dispose() => _listener.Dispose();

        private void Serve(byte[] answer, int pieceLength, int answersPerConnection)
        {
            var buffer = new byte[16 * 1024];
            while (true)
            {
                try
                {
                    using var socket = _listener.AcceptSocket();
                    socket.NoDelay = true;
                    Interlocked.Increment(ref _connections);
                    for (var i = 0; i < answersPerConnection && socket.Receive(buffer) > 0; i++)
                    {
                        foreach (var piece in answer.Chunk(pieceLength)) socket.Send(piece);
                    }
                }
                catch (SocketException)
                {
                    if (!_listener.Server.IsBound) return;
                }
                catch (ObjectDisposedException)
                {
                    return;
                }
                catch (InvalidOperationException)
                {
                    return;
                }
            }
        }
    }
}
