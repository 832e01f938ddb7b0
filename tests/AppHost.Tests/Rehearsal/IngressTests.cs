using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Topology.Ingress;
using Topology.Tests.Infrastructure;

namespace Topology.AppHost.Tests.Rehearsal;

/// <summary>The stand-in for the platform's ingress, in front of servers of the tests' own.</summary>
public sealed class IngressTests
{
    private readonly int _port = FreePorts.Take();
    private readonly int _health = FreePorts.Take();

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public void Replicas_take_turns_and_each_is_tried_once()
    {
        Uri[] replicas = [new("http://a"), new("http://b"), new("http://c")];
        var turn = new IngressReplicas(replicas);

        var rounds = Enumerable.Range(0, 6).Select(_ => turn.Next().ToList()).ToList();

        Assert.All(rounds, round => Assert.Equal(replicas, round.OrderBy(replica => replica.Host)));
        Assert.All(rounds.Select(round => round[0]).CountBy(replica => replica), count => Assert.Equal(2, count.Value));
        Assert.Empty(new IngressReplicas([]).Next());
    }

    [Fact]
    public async Task Requests_go_round_the_replicas_that_run()
    {
        await using var one = await ReplicaAsync("one");
        await using var two = await ReplicaAsync("two");
        await using var ingress = await StartAsync(new Entrance { Cleartext = _port }, FreePorts.Take(), Port(one), Port(two));
        using var client = new HttpClient();

        var answers = new List<string>();
        for (var i = 0; i < 6; i++) answers.Add(await client.GetStringAsync($"http://localhost:{_port}/", Cancelled));

        Assert.Equal(["one", "two"], answers.Distinct().Order());
    }

    [Fact]
    public async Task Without_a_replica_that_runs_it_says_what_Envoy_says()
    {
        await using var ingress = await StartAsync(new Entrance { Cleartext = _port }, FreePorts.Take());
        using var client = new HttpClient();
        using var response = await client.GetAsync($"http://localhost:{_port}/", Cancelled);
        Assert.Equal(
            (HttpStatusCode.ServiceUnavailable, "no healthy upstream"),
            (response.StatusCode, await response.Content.ReadAsStringAsync(Cancelled)));
    }

    [Fact]
    public async Task Cleartext_from_outside_is_sent_to_HTTPS_also_if_no_replica_runs()
    {
        await using var ingress = await StartAsync(new Entrance { Cleartext = _port, Tls = FreePorts.Take(), RedirectsToTls = true });
        using var client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false });
        using var response = await client.GetAsync($"http://localhost:{_port}/a%2Fb?c=d%20e", Cancelled);
        Assert.Equal(HttpStatusCode.MovedPermanently, response.StatusCode);
        Assert.Equal("https", response.Headers.Location!.Scheme);
        Assert.Equal("/a%2Fb?c=d%20e", response.Headers.Location.PathAndQuery);
    }

    [Fact]
    public async Task An_entrance_of_HTTP_2_speaks_nothing_else_to_its_replicas()
    {
        await using var replica = await ReplicaAsync("h2", HttpProtocols.Http2);
        await using var ingress = await StartAsync(new Entrance { Cleartext = _port, Http2 = true }, Port(replica));
        using var client =
            new HttpClient { DefaultRequestVersion = HttpVersion.Version20, DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact };
        Assert.Equal("h2", await client.GetStringAsync($"http://localhost:{_port}/", Cancelled));
    }

    [Fact]
    public async Task It_is_healthy_on_a_port_of_its_own()
    {
        await using var ingress = await StartAsync(new Entrance { Cleartext = _port });
        using var client = new HttpClient();
        using var response = await client.GetAsync($"http://localhost:{_health}/health", Cancelled);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Fact]
    public async Task A_request_passes_as_Envoy_passes_it()
    {
        var context = new DefaultHttpContext();
        context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget = "/a%2Fb//../c?d=%20e";
        context.Request.Method = "GET";
        context.Request.Scheme = "https";
        context.Request.Host = new HostString("shop.example");
        context.Connection.RemoteIpAddress = IPAddress.Parse("127.0.0.2");
        context.Request.Headers["X-Forwarded-For"] = "203.0.113.9";
        context.Request.Headers["X-Forwarded-Proto"] = "gopher";
        context.Request.Headers["X-Forwarded-Host"] = "evil.example";
        context.Request.Headers["Forwarded"] = "for=203.0.113.9";
        using var request = new HttpRequestMessage();

        await new EnvoyHeaders().TransformRequestAsync(context, request, "http://replica:81", Cancelled);

        Assert.Equal("http://replica:81/a%2Fb//../c?d=%20e", request.RequestUri!.AbsoluteUri);
        Assert.Equal("203.0.113.9,127.0.0.2", Header("X-Forwarded-For"));
        Assert.Equal("https", Header("X-Forwarded-Proto"));
        // What it does not know passes: who reads it must know whose it is.
        Assert.Equal(
            ("evil.example", "for=203.0.113.9", "shop.example"), (Header("X-Forwarded-Host"), Header("Forwarded"), Header("Host")));

        string Header(string name) => string.Join('|', request.Headers.GetValues(name));
    }

    [Fact]
    public async Task The_first_hop_is_the_only_one_where_the_client_names_none()
    {
        var context = new DefaultHttpContext();
        context.Connection.RemoteIpAddress = IPAddress.Parse("127.0.0.2");
        context.Request.Scheme = "http";
        using var request = new HttpRequestMessage();
        await new EnvoyHeaders().TransformRequestAsync(context, request, "http://replica", Cancelled);
        Assert.Equal("127.0.0.2", Assert.Single(request.Headers.GetValues("X-Forwarded-For")));
    }

    [Fact]
    public void Entrances_are_read_from_the_environments_names()
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Ingress:Entrances:0:Cleartext"] = "80",
            ["Ingress:Entrances:0:Tls"] = "443",
            ["Ingress:Entrances:0:RedirectsToTls"] = "true",
            ["Ingress:Entrances:0:Targets:0"] = "http://localhost:1",
            ["Ingress:Entrances:0:Targets:1"] = "http://localhost:2",
            ["Ingress:Entrances:1:Cleartext"] = "81",
            ["Ingress:Entrances:1:IsTcp"] = "true",
        }).Build();

        var entrances = Entrance.Read(configuration);

        Assert.Equal(
            [(80, 443, true, false, 2), (81, null, false, true, 0)],
            entrances
            .Select(entrance => (entrance.Cleartext, entrance.Tls, entrance.RedirectsToTls, entrance.IsTcp, entrance.Targets.Count)));
    }

    private async Task<IngressServer> StartAsync(Entrance entrance, params int[] replicas)
    {
        foreach (var replica in replicas) entrance.Targets.Add(new Uri($"http://127.0.0.1:{replica}"));
        var ingress = new IngressServer([entrance], _health);
        await ingress.StartAsync(Cancelled);
        return ingress;
    }

    private static int Port(WebApplication app) => new Uri(app.Urls.Single()).Port;

    private static async Task<WebApplication> ReplicaAsync(string answer, HttpProtocols protocols = HttpProtocols.Http1)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(
            kestrel => kestrel.Listen(IPAddress.Loopback, FreePorts.Take(), listen => listen.Protocols = protocols));
        var app = builder.Build();
        app.Run(context => context.Response.WriteAsync(answer));
        await app.StartAsync(Cancelled);
        return app;
    }
}
