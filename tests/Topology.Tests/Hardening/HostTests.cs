using System.Net;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.FileProviders;
using Microsoft.Extensions.Hosting;
using Topology.Hardening.Hosts;
using Topology.Tests.Infrastructure;

namespace Topology.Tests.Hardening;

public sealed class HostTests(HardeningFixture fixture)
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("localhost", true)]
    [InlineData("localhost:5200", true)]
    [InlineData("LOCALHOST", true)]
    [InlineData("shop.localhost", true)]
    [InlineData("a.b.localhost:1", true)]
    [InlineData("127.0.0.1", true)]
    [InlineData("127.0.0.1:65535", true)]
    [InlineData("[::1]", true)]
    [InlineData("[::1]:5200", true)]
    [InlineData("[0:0::0:1]", true)]
    [InlineData("[0000:0000:0000:0000:0000:0000:0000:0001]:80", true)]
    [InlineData("", false)]
    [InlineData(null, false)]
    [InlineData("example.com", false)]
    [InlineData("localhost.example.com", false)]
    [InlineData("example.com:localhost", false)]
    [InlineData("notlocalhost", false)]
    [InlineData(".localhost", false)]
    [InlineData("..localhost", false)]
    [InlineData("a..localhost", false)]
    [InlineData("-.localhost", false)]
    [InlineData("a-.localhost", false)]
    [InlineData("a'b.localhost", false)]
    [InlineData("~x.localhost", false)]
    [InlineData("caf\u00e9.localhost", false)]
    [InlineData("a1234567890123456789012345678901234567890123456789012345678901234.localhost", false)]
    [InlineData("a-1_b.localhost", true)]
    [InlineData("localhost.", false)]
    [InlineData("localhost:", false)]
    [InlineData("localhost:x", false)]
    [InlineData("localhost:65536", false)]
    [InlineData("localhost:-1", false)]
    [InlineData("localhost:1:1", false)]
    [InlineData("localhost@example.com", false)]
    [InlineData("user@localhost", false)]
    [InlineData("localhost/", false)]
    [InlineData(" localhost", false)]
    [InlineData("127.0.0.2", false)]
    [InlineData("127.1", false)]
    [InlineData("2130706433", false)]
    [InlineData("::1", false)]
    [InlineData("[::1", false)]
    [InlineData("[::1]x", false)]
    [InlineData("[::2]", false)]
    [InlineData("[::1%1]", false)]
    [InlineData("[::ffff:127.0.0.1]", false)]
    [InlineData(":80", false)]
    [InlineData("[]", false)]
    public void In_development_loopbacks_names_are_served_and_nothing_else(string? host, bool expected) =>
        Assert.Equal(expected, Allowed(Environments.Development).Contains(host));

    [Theory]
    [InlineData("example.com", true)]
    [InlineData("EXAMPLE.com:443", true)]
    [InlineData("www.example.com", false)]
    [InlineData("api.example.org", true)]
    [InlineData("example.org", false)]
    [InlineData("evilexample.org", false)]
    [InlineData("192.0.2.1:80", true)]
    [InlineData("[2001:db8::1]", true)]
    [InlineData("[2001:DB8:0:0::1]:8443", true)]
    [InlineData("localhost", false)]
    public void Configured_names_replace_the_default(string host, bool expected)
    {
        Assert.Equal(
            expected,
            Allowed(Environments.Development, (AllowedHosts.Key, "example.com; *.example.org ;192.0.2.1;[2001:db8::1]")).Contains(host));
        Assert.Equal(
            expected, Allowed(Environments.Production, (AllowedHosts.Key + ":0", "example.com"), (AllowedHosts.Key + ":1", "*.example.org"),
            (AllowedHosts.Key + ":2", "192.0.2.1"), (AllowedHosts.Key + ":3", "[2001:db8::1]")).Contains(host));
    }

    [Theory]
    [InlineData("*")]
    [InlineData("example.com:80")]
    [InlineData("http://example.com")]
    [InlineData("example.com/")]
    [InlineData("*.*.com")]
    [InlineData("[::g]")]
    [InlineData("exa mple.com")]
    public void A_name_that_cannot_be_one_is_named(string name) =>
        Assert.Contains(
            $"\"{name}\"",
            Assert.Throws<InvalidOperationException>(() => Allowed(Environments.Production, (AllowedHosts.Key, name))).Message,
            StringComparison.Ordinal);

    [Fact]
    public async Task Outside_development_a_service_without_names_does_not_start()
    {
        Assert.Empty(Allowed(Environments.Production).Names);
        var refused = await Assert.ThrowsAsync<InvalidOperationException>(() => Recorder.StartAsync(Environments.Production, []));
        Assert.Contains(AllowedHosts.Key, refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http")]
    [InlineData("https")]
    public async Task Another_host_gets_400_before_routing_and_the_backend_never_sees_it(string listener)
    {
        var id = Guid.NewGuid().ToString("N");
        foreach (var url in (Uri[])[fixture.Edge.Url(listener), fixture.Recorder.Url(listener)])
        {
            using var handler = ServiceHost.HandlerOfAnyHost();
            using var client = new HttpClient(handler) { BaseAddress = url };
            foreach (var path in (string[])[$"/catalog/{id}", "/nothing", "/health"])
            {
                using var request = new HttpRequestMessage(HttpMethod.Get, path) { Headers = { Host = "evil.example" } };
                using var response = await client.SendAsync(request, Cancelled);
                Assert.Equal(
                    (HttpStatusCode.BadRequest, "application/problem+json"),
                    (response.StatusCode, response.Content.Headers.ContentType?.MediaType));
            }
        }

        Assert.Empty(fixture.Recorder.Seen(id));
    }

    [Theory]
    [InlineData("catalog")]
    [InlineData("catalog-1:5312")]
    [InlineData("10.0.0.7:8080")]
    public async Task Internal_listeners_accept_internal_names(string host)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/health") { Headers = { Host = host } };
        using var response = await fixture.Recorder.Client("internal").SendAsync(request, Cancelled);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Theory]
    [InlineData("shop.localhost:8443", "shop.localhost:8443")]
    [InlineData("evil.example", "inside")]
    public async Task A_proxys_public_host_is_believed_as_far_as_it_is_one_of_ours(string forwarded, string expected)
    {
        var seen = "";
        await using var backend = await Recorder.StartAsync();
        backend.Answer = context =>
        {
            seen = context.Request.Host.Value ?? "";
            return Task.CompletedTask;
        };
        using var request = new HttpRequestMessage(HttpMethod.Get, "/catalog/x") { Headers = { Host = "inside" } };
        request.Headers.Add("X-Forwarded-For", "203.0.113.9");
        request.Headers.Add("X-Forwarded-Proto", "https");
        request.Headers.Add("X-Forwarded-Host", forwarded);
        using var response = await backend.Client("internal").SendAsync(request, Cancelled);
        Assert.Equal(expected, seen);
    }

    private static AllowedHosts Allowed(string environment, params (string Key, string Value)[] settings) => new(
        new ConfigurationBuilder().AddInMemoryCollection(
            settings.Select(setting => KeyValuePair.Create<string, string?>(setting.Key, setting.Value))).Build(),
        new TestEnvironment(environment));

    private sealed record TestEnvironment(string EnvironmentName) : IHostEnvironment
    {
        public string EnvironmentName { get; set; } = EnvironmentName;

        public string ApplicationName { get; set; } = "Test";

        public string ContentRootPath { get; set; } = "";

        public IFileProvider ContentRootFileProvider { get; set; } = new NullFileProvider();
    }
}
