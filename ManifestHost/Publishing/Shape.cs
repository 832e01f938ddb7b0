using System.Globalization;
using System.Net;
using System.Text.Json;

namespace Topology.ManifestHost.Publishing;

/// <summary>What is wrong with a value, by its key in the resource; never the value itself, which may be secret.</summary>
internal readonly record struct Fault(string Key, string Text);

/// <summary>What a value may be: finds everything that is wrong with one.</summary>
/// <param name="value">Any value.</param>
/// <param name="key">Its key in the resource; empty for the resource.</param>
internal delegate IEnumerable<Fault> Shape(JsonElement value, string key);

/// <summary>The shapes that values of a manifest have.</summary>
internal static class Shapes
{
    public static readonly Shape Anything = Is("something other than null", value => value.ValueKind != JsonValueKind.Null);
    public static readonly Shape Text = Is("a string", value => value.ValueKind == JsonValueKind.String);
    public static readonly Shape Named = Is("a string that is not empty", value => value.ValueKind == JsonValueKind.String && value.GetString() is not "");
    public static readonly Shape Flag = Is("true or false", value => value.ValueKind is JsonValueKind.True or JsonValueKind.False);
    public static readonly Shape Number = Is("a number", value => value.ValueKind == JsonValueKind.Number);
    public static readonly Shape Port = Is(
        string.Create(CultureInfo.InvariantCulture, $"a port from 1 to {IPEndPoint.MaxPort}"),
        value => value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var port) && port is > 0 and <= IPEndPoint.MaxPort);

    public static Shape OneOf(params string[] allowed) => Is(
        allowed is [var only] ? $"\"{only}\"" : $"one of {string.Join(", ", allowed)}",
        value => value.ValueKind == JsonValueKind.String && allowed.Contains(value.GetString()));

    public static Shape List(Shape item) => (value, key) => value.ValueKind == JsonValueKind.Array
        ? value.EnumerateArray().Index().SelectMany(entry => item(entry.Item, $"{key}[{entry.Index}]"))
        : [new Fault(key, "must be an array")];

    /// <summary>An object with any members, all of one shape.</summary>
    public static Shape Map(Shape member) => (value, key) => value.ValueKind == JsonValueKind.Object
        ? value.EnumerateObject().SelectMany(entry => member(entry.Value, Below(key, entry.Name)))
        : [new Fault(key, "must be an object")];

    /// <summary>An object with members that are known.</summary>
    /// <param name="what">With its article, for messages.</param>
    /// <param name="open">Whether there may be others.</param>
    public static Shape Object(string what, (string Name, Shape Shape)[] required, (string Name, Shape Shape)[] optional, bool open = false)
    {
        var known = required.Concat(optional).ToDictionary(member => member.Name, member => member.Shape);
        return (value, key) => value.ValueKind == JsonValueKind.Object
            ? required.Where(member => value.Member(member.Name) is null).Select(member => new Fault(Below(key, member.Name), $"is missing; {what} needs it"))
                .Concat(value.EnumerateObject().SelectMany(member =>
                    known.TryGetValue(member.Name, out var shape) ? shape(member.Value, Below(key, member.Name))
                    : open ? []
                    : [new Fault(Below(key, member.Name), $"is unknown in {what}; remove it")]))
            : [new Fault(key, "must be an object")];
    }

    /// <summary>An object whose shape depends on its <c>type</c>.</summary>
    public static Shape ByType(params (string Type, Shape Shape)[] shapes) => (value, key) =>
        shapes.FirstOrDefault(entry => entry.Type == value.Text("type")).Shape is { } shape
            ? shape(value, key)
            : [new Fault(Below(key, "type"), $"must be one of {string.Join(", ", shapes.Select(entry => entry.Type))}")];

    /// <summary>The same shape, with exactly one of two members.</summary>
    /// <param name="at">The member that a message is about; empty for the object.</param>
    public static Shape WithEither(this Shape shape, string one, string other, string at, string message) => (value, key) =>
        value.ValueKind == JsonValueKind.Object && value.Member(one) is null == value.Member(other) is null
            ? shape(value, key).Append(new Fault(at.Length == 0 ? key : Below(key, at), message))
            : shape(value, key);

    private static Shape Is(string what, Func<JsonElement, bool> holds) => (value, key) => holds(value) ? [] : [new Fault(key, $"must be {what}")];

    private static string Below(string key, string member) => key.Length == 0 ? member : $"{key}.{member}";
}
