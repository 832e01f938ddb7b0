using System.Net.Http.Json;
using System.Text.Json;

namespace Topology.AppHost.Tests.Infrastructure;

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

    public async Task<IReadOnlyList<Span>> TracesAsync() =>
        [.. Spans(await client.GetFromJsonAsync<JsonElement>("/api/telemetry/traces?limit=200"))];

    public async Task<JsonElement> ResourcesAsync() => await client.GetFromJsonAsync<JsonElement>("/api/telemetry/resources");

    private static IEnumerable<Span> Spans(JsonElement answer) =>
        from resource in answer.GetProperty("data").GetProperty("resourceSpans").EnumerateArray()
        let service = Tags(resource.GetProperty("resource"))["service.name"]
        from scope in resource.GetProperty("scopeSpans").EnumerateArray()
        from span in scope.GetProperty("spans").EnumerateArray()
        select new Span(
            service!, span.GetProperty("name").GetString()!, span.GetProperty("traceId").GetString()!,
                span.GetProperty("spanId").GetString()!,
            span.TryGetProperty("parentSpanId", out var parent) ? parent.GetString() : null, Tags(span));

    private static Dictionary<string, string?> Tags(JsonElement element) => element.TryGetProperty("attributes", out var attributes)
        ? attributes.EnumerateArray().DistinctBy(tag => tag.GetProperty("key").GetString()).ToDictionary(
            tag => tag.GetProperty("key").GetString()!,
            tag => tag.GetProperty("value").TryGetProperty("stringValue", out var text) ? text.GetString()
                : tag.GetProperty("value").ToString())
        : [];
}
