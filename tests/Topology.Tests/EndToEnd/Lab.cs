using System.Net.Http.Json;
using System.Text.Json;
using Topology.ServiceDefaults.Certificates;
using Topology.Tests.EndToEnd;
using Topology.Tests.Infrastructure;

[assembly: AssemblyFixture(typeof(Lab))]

namespace Topology.Tests.EndToEnd;

/// <summary>The lab's manifest, running as processes on free ports with the real dashboard; started once, by the first test that needs it.</summary>
public sealed class Lab : IAsyncDisposable
{
    private readonly SemaphoreSlim _starting = new(1);
    private ManifestHostProcess? _host;

    public async Task<ManifestHostProcess> StartAsync()
    {
        await _starting.WaitAsync();
        try
        {
            return _host ??= await ManifestHostProcess.StartAsync(["--dynamic-ports", "--no-build"]);
        }
        finally
        {
            _starting.Release();
        }
    }

    /// <summary>A client that trusts the lab's public authority.</summary>
    public static SocketsHttpHandler Handler()
    {
        var handler = new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false, UseCookies = false };
        handler.SslOptions.CertificateChainPolicy = new()
        {
            TrustMode = System.Security.Cryptography.X509Certificates.X509ChainTrustMode.CustomRootTrust,
            RevocationMode = System.Security.Cryptography.X509Certificates.X509RevocationMode.NoCheck,
        };
        handler.SslOptions.CertificateChainPolicy.CustomTrustStore.AddRange(
            new LocalAuthority(Path.Combine(ManifestHostProcess.DataHome, "topology", "certificates"), LocalAuthorities.Public, TimeProvider.System).Trusted());
        return handler;
    }

    /// <summary>The dashboard's own API, or a skipped test where the dashboard cannot be had.</summary>
    public async Task<DashboardApi> DashboardAsync() => await DashboardAsync(await StartAsync());

    /// <summary>The same of another running topology.</summary>
    public static async Task<DashboardApi> DashboardAsync(ManifestHostProcess host)
    {
        Assert.SkipWhen(host.State.GetProperty("dashboard").ValueKind == JsonValueKind.Null, "The dashboard could not be had; ManifestHost says why.");
        var dashboard = host.State.GetProperty("dashboard");
        var login = new Uri(dashboard.GetProperty("loginUrl").GetString()!);
        var client = new HttpClient { BaseAddress = new(dashboard.GetProperty("url").GetString()!) };
        using var response = await client.PostAsJsonAsync("/api/telemetry/validateToken", new { token = login.Query["?t=".Length..] });
        response.EnsureSuccessStatusCode();
        client.DefaultRequestHeaders.Add("X-API-Key", (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("apiKey").GetString());
        return new(client, login);
    }

    public async ValueTask DisposeAsync()
    {
        if (_host is not null) await _host.DisposeAsync();
        _starting.Dispose();
    }
}

/// <summary>A span as the dashboard holds it.</summary>
public sealed record Span(string Service, string Name, string TraceId, string Id, string? Parent, IReadOnlyDictionary<string, string?> Tags)
{
    public string? Path => Tags.GetValueOrDefault("topology.path");
}

/// <summary>What the dashboard answers about telemetry.</summary>
public sealed class DashboardApi(HttpClient client, Uri loginUrl)
{
    public Uri LoginUrl => loginUrl;

    public async Task<IReadOnlyList<Span>> TraceAsync(string id)
    {
        using var response = await client.GetAsync($"/api/telemetry/traces/{id}");
        return response.IsSuccessStatusCode ? [.. Spans(await response.Content.ReadFromJsonAsync<JsonElement>())] : [];
    }

    public async Task<IReadOnlyList<Span>> TracesAsync() => [.. Spans(await client.GetFromJsonAsync<JsonElement>("/api/telemetry/traces?limit=200"))];

    public async Task<JsonElement> ResourcesAsync() => await client.GetFromJsonAsync<JsonElement>("/api/telemetry/resources");

    private static IEnumerable<Span> Spans(JsonElement answer) =>
        from resource in answer.GetProperty("data").GetProperty("resourceSpans").EnumerateArray()
        let service = Tags(resource.GetProperty("resource"))["service.name"]
        from scope in resource.GetProperty("scopeSpans").EnumerateArray()
        from span in scope.GetProperty("spans").EnumerateArray()
        select new Span(
            service!, span.GetProperty("name").GetString()!, span.GetProperty("traceId").GetString()!, span.GetProperty("spanId").GetString()!,
            span.TryGetProperty("parentSpanId", out var parent) ? parent.GetString() : null, Tags(span));

    private static Dictionary<string, string?> Tags(JsonElement element) => element.TryGetProperty("attributes", out var attributes)
        ? attributes.EnumerateArray().DistinctBy(tag => tag.GetProperty("key").GetString()).ToDictionary(
            tag => tag.GetProperty("key").GetString()!,
            tag => tag.GetProperty("value").TryGetProperty("stringValue", out var text) ? text.GetString() : tag.GetProperty("value").ToString())
        : [];
}
