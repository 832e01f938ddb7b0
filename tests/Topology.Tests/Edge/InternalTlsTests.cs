using System.Collections.Concurrent;
using System.Net;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Topology.Catalog.Items;
using Topology.Edge.Upstreams;
using Topology.Hardening.Certificates;
using Topology.Tests.Infrastructure;

namespace Topology.Tests.Edge;

/// <summary>TLS inside: who is believed, on both sides of the hop.</summary>
public sealed class InternalTlsTests
{
    private const string Revoked = "was revoked";

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(LocalAuthorities.Internal, "catalog", 0, null)]
    [InlineData(LocalAuthorities.Internal, "orders", 0, "issued for another name")]
    [InlineData(LocalAuthorities.Public, "catalog", 0, "from another authority")]
    [InlineData(LocalAuthorities.Internal, "catalog", -100, "expired")]
    [InlineData(LocalAuthorities.Internal, "catalog", 0, Revoked)]
    public async Task A_backends_certificate_must_be_of_the_authority_of_the_name_in_its_time_and_not_revoked(
        string authority, string name, int days, string? reason)
    {
        // An authority of the test's own, as old as the certificate.
        var folder = Directory.CreateTempSubdirectory("topology-inside-").FullName;
        var issuer = new LocalAuthority(folder, authority, new FakeTimeProvider(DateTimeOffset.UtcNow.AddDays(days)));
        using var certificate = issuer.GetLeaf("trial", [name]);
        if (reason == Revoked) issuer.Revoke("trial");
        await using var backend = await StartAsync(certificate);
        await using var edge = ServiceHost.Start<UpstreamOptions>(
            [("Edge:Upstream", "internal-tls"), ("Topology:Certificates:Directory", folder),
                ("services:catalog:internal-tls:0", backend.Urls.First())]);
        var log = new ConcurrentQueue<string>();
        edge.Services.GetRequiredService<ILoggerFactory>().AddProvider(new Capture(log));

        using var response = await edge.Client().GetAsync("/catalog/items/1", Cancelled);
        if (reason is null)
        {
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            return;
        }

        // A health probe may have failed first, and then there is no replica to ask.
        Assert.True(response.StatusCode is HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable, $"{response.StatusCode}");
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType!.MediaType);
        await Eventually.TrueAsync(
            () => log.Any(
            line => line.Contains("The connection to catalog was refused", StringComparison.Ordinal)
            && line.Contains(reason, StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData(null, null, false)]
    [InlineData(LocalAuthorities.Public, "edge", false)]
    [InlineData(LocalAuthorities.Internal, "media", false)]
    [InlineData(LocalAuthorities.Internal, "edge", true)]
    public async Task A_backend_refuses_a_client_that_is_not_allowed(string? authority, string? name, bool isRevoked)
    {
        await using var catalog = ServiceHost.Start<ItemStore>();
        Assert.Null(await RequestAsync(LocalAuthorities.Internal, "edge"));
        Assert.NotNull(await RequestAsync(authority, name, isRevoked));

        async Task<Exception?> RequestAsync(string? from, string? client, bool revoke = false)
        {
            using var handler = ServiceHost.Handler();
            handler.SslOptions.CertificateChainPolicy = ServiceHost.Trust(LocalAuthorities.Internal);
            var issuer = new LocalAuthority(ServiceHost.CertificateDirectory, from ?? "", TimeProvider.System);
            using var certificate = from is null ? null : issuer.GetLeaf($"client-{client}", [client!]);
            if (revoke) issuer.Revoke($"client-{client}");
            if (certificate is not null) handler.SslOptions.ClientCertificates = [certificate];
            using var http = new HttpClient(handler);
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(catalog.Url("internal-tls"), "/catalog/items/1"))
            { Headers = { Host = "catalog" } };
            return await Record.ExceptionAsync(async () => (await http.SendAsync(request, Cancelled)).EnsureSuccessStatusCode().Dispose());
        }
    }

    /// <summary>The services of a topology are not restarted for it, and none of them is the first to know.</summary>
    [Fact]
    public async Task A_renewed_authority_is_trusted_by_both_sides_while_they_run()
    {
        var folder = Directory.CreateTempSubdirectory("topology-renewed-").FullName;
        (string, string)[] certificates = [("Topology:Certificates:Directory", folder)];
        await using var catalog = ServiceHost.Start<ItemStore>(certificates);
        await using var edge = ServiceHost.Start<UpstreamOptions>(
            [.. certificates, ("Edge:Upstream", "internal-tls"), .. ServiceHost.Discovery("catalog", catalog)]);
        // Both have read whom they trust, and hold on to it.
        using (var before = await edge.Client().GetAsync("/catalog/items/1", Cancelled)) Assert.Equal(HttpStatusCode.OK, before.StatusCode);

        var authority = new LocalAuthority(folder, LocalAuthorities.Internal, TimeProvider.System);
        authority.Renew();
        await Task.Delay(TimeSpan.FromSeconds(1.2), Cancelled);
        var backend = new System.Net.Security.SslClientAuthenticationOptions();
        edge.Services.GetRequiredService<ServerCertificates>().Configure(backend);
        using var leaf = authority.GetLeaf("edge", ["edge"]);
        using var handler = new SocketsHttpHandler { SslOptions = backend };
        backend.LocalCertificateSelectionCallback = (_, _, _, _, _) => leaf;
        using var client = new HttpClient(handler);
        // The server's certificate is still of the authority before, the client's of the new one: the old is trusted, too.
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(catalog.Url("internal-tls"), "/catalog/items/1"))
        { Headers = { Host = "catalog" } };
        using var response = await client.SendAsync(request, Cancelled);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);

        // And the other way round.
        using var renewed = authority.GetLeaf("catalog", ["catalog"]);
        await using var server = await StartAsync(renewed);
        using var other = new HttpRequestMessage(HttpMethod.Get, server.Urls.First()) { Headers = { Host = "catalog" } };
        using var answer = await client.SendAsync(other, Cancelled);
        Assert.Equal("ok", await answer.Content.ReadAsStringAsync(Cancelled));
    }

    [Theory]
    [InlineData(CertificateChecks.Server, "not for a client")]
    [InlineData(CertificateChecks.Client, null)]
    [InlineData(null, null)]
    public void A_certificate_must_be_for_what_it_is_used_for(string? usage, string? expected)
    {
        using var key = System.Security.Cryptography.ECDsa.Create(System.Security.Cryptography.ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=edge", key, System.Security.Cryptography.HashAlgorithmName.SHA256);
        if (usage is not null) request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new(usage)], false));
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        var reason = CertificateChecks.Verify(certificate, [certificate], CertificateChecks.Client);
        if (expected is null) Assert.Null(reason);
        else Assert.Contains(expected, reason, StringComparison.Ordinal);
    }

    private static async Task<WebApplication> StartAsync(X509Certificate2 certificate)
    {
        var port = FreePorts.Take();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration().ConfigureKestrel(
            kestrel =>
            kestrel.ListenLocalhost(port, listen => listen.UseHttps(certificate, https => https.SslProtocols = SslProtocols.None)));
        var app = builder.Build();
        app.Run(context => context.Response.WriteAsync("ok"));
        await app.StartAsync(Cancelled);
        return app;
    }

    private sealed class Capture(ConcurrentQueue<string> lines) : ILoggerProvider, ILogger
    {
        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            lines.Enqueue(formatter(state, exception));

        public void Dispose()
        {
        }
    }
}
