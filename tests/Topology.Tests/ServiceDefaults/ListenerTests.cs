using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Topology.Catalog.Items;
using Topology.Hardening;
using Topology.Hardening.Listeners;
using Topology.Tests.Infrastructure;

namespace Topology.Tests.ServiceDefaults;

public sealed class ListenerTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("http", "/health", HttpStatusCode.NotFound)]
    [InlineData("http", "/alive", HttpStatusCode.NotFound)]
    [InlineData("https", "/health", HttpStatusCode.NotFound)]
    [InlineData("internal", "/health", HttpStatusCode.OK)]
    [InlineData("internal", "/alive", HttpStatusCode.OK)]
    [InlineData("internal-h2", "/health", HttpStatusCode.OK)]
    public async Task Health_answers_on_internal_listeners_only(string listener, string path, HttpStatusCode expected)
    {
        await using var catalog = ServiceHost.Start<ItemStore>();
        using var response = await catalog.Client(listener).GetAsync(path, Cancelled);
        Assert.Equal(expected, response.StatusCode);
    }

    [Fact]
    public async Task A_host_header_does_not_make_a_public_listener_internal()
    {
        await using var catalog = ServiceHost.Start<ItemStore>();
        using var request =
            new HttpRequestMessage(HttpMethod.Get, "/health") { Headers = { Host = $"localhost:{catalog.Url("internal").Port}" } };
        using var response = await catalog.Client().SendAsync(request, Cancelled);
        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
    }

    [Theory]
    [InlineData("htp", "80", "htp is not a listener")]
    [InlineData("http", "eighty", "eighty")]
    [InlineData("http", "65536", "65536")]
    [InlineData("http", "-1", "-1")]
    public void A_listener_that_cannot_be_opened_is_named(string name, string port, string message)
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection([new($"Topology:Listeners:{name}", port)]).Build();
        Assert.Contains(
            message, Assert.Throws<InvalidOperationException>(() => ListenerConfiguration.Read(configuration)).Message,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("HTTP_PORTS", "0", null, "Topology:Listeners is empty")]
    [InlineData("URLS", "http://127.0.0.1:0", null, "Topology:Listeners is empty")]
    [InlineData("Kestrel:Endpoints:Http:Url", "http://127.0.0.1:0", null, "Topology:Listeners is empty")]
    [InlineData("Kestrel:Endpoints:Http:Url", "http://127.0.0.1:0", "0", "Kestrel:Endpoints:Http would be public without")]
    public void What_would_be_public_without_its_limits_does_not_start_and_says_which_key_to_set(
        string key, string value, string? port, string expected)
    {
        // A folder without appsettings.json: the build copies the one of some referenced project beside the tests.
        var builder = WebApplication.CreateBuilder(
            new WebApplicationOptions { EnvironmentName = "Development", ContentRootPath = ServiceHost.CertificateDirectory });
        builder.Logging.ClearProviders();
        builder.Configuration[key] = value;
        if (port is not null) builder.Configuration["Topology:Listeners:http"] = port;
        builder.Configuration["Topology:Certificates:Directory"] = ServiceHost.CertificateDirectory;
        builder.AddHardening();
        builder.AddServiceDefaults();
        var refused = Assert.ThrowsAny<Exception>(builder.Build);
        Assert.Contains(expected, refused.Message, StringComparison.Ordinal);
    }
}
