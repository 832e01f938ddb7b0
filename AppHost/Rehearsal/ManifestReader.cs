using System.Text.Json;
using Topology.AppHost.Running;

namespace Topology.AppHost.Rehearsal;

/// <summary>Reads manifests. Every error names the file, the resource and the key.</summary>
internal static class ManifestReader
{
    private static readonly JsonDocumentOptions Options =
        new() { AllowDuplicateProperties = false, AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip };

    /// <exception cref="TopologyException">The file is unreadable, or this manifest cannot run here.</exception>
    public static Manifest Read(string file)
    {
        file = Path.GetFullPath(file);
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllText(file), Options);
            var resources = new Node(document.RootElement, file, Resource: null, Key: "").Require("resources").Members
                .Select(member => (member.Name, Node: member.Node with { Resource = member.Name, Key = "" })).ToList();
            var (projects, values) = (new List<ManifestProject>(), new Dictionary<string, ManifestValue>());
            foreach (var (name, node) in resources)
            {
                if (name.Length == 0 || !name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_'))
                {
                    throw node.Error("a name consists of letters, digits, '-' and '_'");
                }
                switch (node.Require("type").String)
                {
                    case "project.v0" or "project.v1":
                        projects.Add(ReadProject(name, node, Path.GetDirectoryName(file)!));
                        break;
                    case "parameter.v0" or "value.v0" or "annotated.string":
                        values[name] = ReadValue(name, node);
                        break;
                    case var type:
                        throw node.Require("type").Error($"\"{type}\" cannot run here; projects, parameters and values can");
                }
            }

            return new Manifest(file, projects, values);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new TopologyException(
                $"{file} cannot be read: {exception.Message} Name a manifest with --Topology:Manifest=FILE.", exception);
        }
        catch (JsonException exception)
        {
            // The library counts lines from 0 and appends the position to its message.
            var line = exception.LineNumber is { } number ? $" in line {number + 1}" : "";
            throw new TopologyException(
                $"{file} is not valid JSON{line}: {exception.Message.Split(" LineNumber:")[0].ReplaceLineEndings(" ")}", exception);
        }
    }

    private static ManifestProject ReadProject(string name, Node node, string folder)
    {
        // A manifest published on Windows may contain backslashes.
        var path = Path.GetFullPath(node.Require("path").String.Replace('\\', '/'), folder);
        if (!File.Exists(path)) throw node.Require("path").Error($"there is no project at {path}; the path is relative to the manifest");
        return new ManifestProject(
            name,
            path,
            node.Optional("args") is { } arguments ? [.. arguments.Items.Select(item => item.String)] : [],
            node.Optional("env")?.Members.ToDictionary(variable => variable.Name, variable => variable.Node.String) ?? [],
            node.Optional("bindings")?.Members.Select(binding => ReadBinding(binding.Name, binding.Node)).ToList() ?? []);
    }

    private static ManifestBinding ReadBinding(string name, Node node) => new(
        name,
        node.Require("scheme").OneOf("http", "https"),
        node.Require("transport").OneOf("http", "http2"),
        (node.Optional("targetPort") ?? node.Optional("port"))?.Port,
        node.Optional("external")?.Boolean ?? false);

    private static ManifestValue ReadValue(string name, Node node) => new(
        name,
        new[] { node.Optional("value"), node.Optional("connectionString") }.OfType<Node>()
            .ToDictionary(text => text.Key, text => text.String),
        node.Optional("inputs")?.Members.ToDictionary(input => input.Name, input => ReadInput(input.Node)) ?? [],
        node.Optional("filter")?.OneOf("uri") is not null);

    private static ManifestInput ReadInput(Node node)
    {
        var fallback = node.Optional("default");
        return new ManifestInput(
            fallback?.Optional("value")?.String, fallback?.Optional("generate") is { } rules ? ReadRules(rules) : null);
    }

    private static GenerateParameterDefault ReadRules(Node node)
    {
        return new GenerateParameterDefault
        {
            MinLength = node.Require("minLength").Count,
            Lower = Allows("lower"),
            Upper = Allows("upper"),
            Numeric = Allows("numeric"),
            Special = Allows("special"),
            MinLower = AtLeast("minLower"),
            MinUpper = AtLeast("minUpper"),
            MinNumeric = AtLeast("minNumeric"),
            MinSpecial = AtLeast("minSpecial"),
        };

        bool Allows(string key) => node.Optional(key)?.Boolean ?? true;
        int AtLeast(string key) => node.Optional(key)?.Count ?? 0;
    }

    /// <summary>An element and its position in the manifest.</summary>
    private readonly record struct Node(JsonElement Element, string File, string? Resource, string Key)
    {
        public string String => Expect(JsonValueKind.String, "a string").GetString()!;

        public bool Boolean => Element.ValueKind == JsonValueKind.True || Expect(JsonValueKind.False, "true or false").GetBoolean();

        public int Count =>
            Expect(JsonValueKind.Number, "a number").TryGetInt32(out var count) && count is >= 0 and <= 4096 ? count
            : throw Error("must be from 0 to 4096");

        public int Port =>
            Expect(JsonValueKind.Number, "a number").TryGetInt32(out var port) && port is >= 1 and <= 65535 ? port
            : throw Error("must be from 1 to 65535");

        public IEnumerable<Node> Items
        {
            get
            {
                var self = this;
                return Expect(JsonValueKind.Array, "an array").EnumerateArray()
                    .Select((item, index) => self with { Element = item, Key = $"{self.Key}[{index}]" });
            }
        }

        public IEnumerable<(string Name, Node Node)> Members
        {
            get
            {
                var self = this;
                return Expect(JsonValueKind.Object, "an object").EnumerateObject()
                    .Select(member => (member.Name, self.Child(member.Value, member.Name)));
            }
        }

        public Node Require(string key) => Optional(key) ?? throw Child(Element, key).Error("is missing; add it");

        public Node? Optional(string key) =>
            Expect(JsonValueKind.Object, "an object").TryGetProperty(key, out var value) ? Child(value, key) : null;

        public string OneOf(params string[] allowed) =>
            allowed.Contains(String) ? String : throw Error($"is \"{String}\"; use {string.Join(" or ", allowed)}");

        public TopologyException Error(string problem)
        {
            var place = (Resource, Key) switch
            {
                (null, _) => "key 'resources'",
                (_, "") => $"resource '{Resource}'",
                _ => $"resource '{Resource}', key '{Key}'",
            };
            return new($"{File}: {place}: {problem}.");
        }

        private JsonElement Expect(JsonValueKind kind, string what) => Element.ValueKind == kind ? Element : throw Error($"must be {what}");

        private Node Child(JsonElement value, string key) => this with { Element = value, Key = Key.Length == 0 ? key : $"{Key}.{key}" };
    }
}
