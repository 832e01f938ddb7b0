using System.Text.Json;
using Topology.AppHost.Rehearsal;

namespace Topology.AppHost.Tests.Publishing.Checks;

/// <summary>What is asked of a manifest's text.</summary>
internal static class ManifestNode
{
    /// <summary>A member, or null where the element is no object or has no such member.</summary>
    public static JsonElement? Member(this JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) ? value : null;

    /// <summary>A member's text; null where it is missing or no string.</summary>
    public static string? Text(this JsonElement element, string name) =>
        element.Member(name) is { ValueKind: JsonValueKind.String } value ? value.GetString() : null;

    public static int? Number(this JsonElement element, string name) =>
        element.Member(name) is { ValueKind: JsonValueKind.Number } value && value.TryGetInt32(out var number) ? number : null;

    public static bool IsTrue(this JsonElement element, string name) => element.Member(name) is { ValueKind: JsonValueKind.True };

    /// <summary>An object's members; none for anything else.</summary>
    public static IEnumerable<JsonProperty> Members(this JsonElement element, string name) =>
        element.Member(name) is { ValueKind: JsonValueKind.Object } value ? value.EnumerateObject() : [];

    /// <summary>Every string below an element, with its key: <c>env.NAME</c>, <c>args[0]</c>.</summary>
    public static IEnumerable<(string Key, string Text)> Strings(this JsonElement element, string key = "") => element.ValueKind switch
    {
        JsonValueKind.String => [(key, element.GetString()!)],
        JsonValueKind.Object =>
            element.EnumerateObject().SelectMany(member => member.Value.Strings(key.Length == 0 ? member.Name : $"{key}.{member.Name}")),
        JsonValueKind.Array => element.EnumerateArray().Index().SelectMany(item => item.Item.Strings($"{key}[{item.Index}]")),
        _ => [],
    };

    /// <summary>Whether a text holds nothing but itself.</summary>
    public static bool IsLiteral(string text)
    {
        try
        {
            return !Template.Parse(text).Any(part => part.IsReference);
        }
        catch (FormatException)
        {
            return true;
        }
    }
}
