using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Topology.ManifestHost.Manifests;

/// <summary>Reads manifests. Every error is a <see cref="UsageException"/> that names file, resource and key.</summary>
internal static class ManifestReader
{
    /// <summary>How lenient manifests are read: with comments and trailing commas, but no member twice.</summary>
    public static readonly JsonDocumentOptions Options = new()
    {
        AllowDuplicateProperties = false,
        AllowTrailingCommas = true,
        CommentHandling = JsonCommentHandling.Skip,
    };

    public static Manifest Read(string file)
    {
        file = Path.GetFullPath(file);
        if (Directory.Exists(file))
            throw new UsageException($"{file} is a folder; name a manifest in it.");
        if (!File.Exists(file))
            throw new UsageException($"{file} does not exist; name a manifest that does.");
        try
        {
            return Parse(File.ReadAllText(file), file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"{file} cannot be read: {e.Message}", e);
        }
    }

    /// <param name="json">The manifest's text.</param>
    /// <param name="file">Its absolute path; paths in the text are relative to the folder it names.</param>
    public static Manifest Parse(string json, string file)
    {
        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(json, Options);
        }
        catch (JsonException e)
        {
            throw new UsageException($"{file} is not valid JSON: {Place(json, e)}; correct it there, or publish the manifest again.", e);
        }

        using (document)
        {
            var root = new Node(document.RootElement, file, Resource: null, Key: "");
            var resources = root.Require("resources").Members
                .Select(member => ReadResource(member.Name, member.Node with { Resource = member.Name, Key = "" }, file))
                .ToDictionary(resource => resource.Name, StringComparer.Ordinal);
            return new Manifest(file, resources);
        }
    }

    /// <summary>Where it is wrong as editors count, from 1 and in characters, and what is wrong; not every error knows its place.</summary>
    private static string Place(string json, JsonException e)
    {
        // The library's own count, from 0 and in bytes, ends its message.
        var problem = e.Message.Split(" LineNumber:")[0].ReplaceLineEndings(" ").TrimEnd('.');
        if (e is not { LineNumber: { } line, BytePositionInLine: { } bytes })
            return problem;
        var text = Encoding.UTF8.GetBytes(json.Split('\n').ElementAtOrDefault((int)line) ?? "");
        var column = Encoding.UTF8.GetCharCount(text, 0, (int)Math.Min(bytes, text.Length));
        return string.Create(CultureInfo.InvariantCulture, $"line {line + 1}, column {column + 1}: {problem}");
    }

    private static Resource ReadResource(string name, Node node, string file)
    {
        if (name.Length == 0 || name.Any(c => !char.IsAsciiLetterOrDigit(c) && c is not ('-' or '_')))
            throw node.Error("a resource's name consists of letters, digits, '-' and '_'");

        var folder = Path.GetDirectoryName(file)!;
        var type = node.Require("type").String;
        return type switch
        {
            "project.v0" or "project.v1" => new ProjectResource(
                name, type, ExistingProject(node.Require("path"), folder), Strings(node), Environment(node), Bindings(node)),
            "executable.v0" => new ExecutableResource(
                name, type, Command(node.Require("command"), folder), ExistingFolder(node.Require("workingDirectory"), folder), Strings(node), Environment(node), Bindings(node)),
            "parameter.v0" => new ValueResource(name, type, Properties(node.Require("value")), Inputs(node), Filter: null),
            "value.v0" => new ValueResource(name, type, Properties(node.Optional("connectionString"), node.Optional("value")), NoInputs, Filter: null),
            "annotated.string" => new ValueResource(name, type, Properties(node.Require("value")), NoInputs, Filter(node.Require("filter"))),
            _ => new Resource(name, type),
        };
    }

    private static readonly IReadOnlyDictionary<string, ParameterInput> NoInputs = new Dictionary<string, ParameterInput>();

    private static string ExistingProject(Node node, string folder)
    {
        var path = Absolute(node.String, folder);
        return File.Exists(path) ? path : throw node.Error($"there is no project at {path}; correct the path (it is relative to the manifest)");
    }

    private static string ExistingFolder(Node node, string folder)
    {
        var path = Absolute(node.String, folder);
        return Directory.Exists(path) ? path : throw node.Error($"there is no folder {path}; correct the path (it is relative to the manifest)");
    }

    /// <summary>A bare name is looked up on PATH when the resource starts; anything with a separator is a path.</summary>
    private static string Command(Node node, string folder) => node.String switch
    {
        "" => throw node.Error("must name a program"),
        var command when command.Contains('/') || command.Contains('\\') => Absolute(command, folder),
        var command => command,
    };

    // Aspire writes paths with '/', but on Windows some come out with '\'.
    private static string Absolute(string path, string folder) => Path.GetFullPath(path.Replace('\\', '/'), folder);

    private static string Filter(Node node) =>
        node.String is "uri" ? "uri" : throw node.Error($"'{node.String}' is not a known filter; only 'uri' is");

    private static List<string> Strings(Node node) =>
        node.Optional("args") is { } args ? [.. args.Items.Select(item => item.String)] : [];

    private static Dictionary<string, string> Environment(Node node) =>
        node.Optional("env") is { } env ? env.Members.ToDictionary(m => m.Name, m => m.Node.String, StringComparer.Ordinal) : [];

    private static Dictionary<string, string> Properties(params Node?[] nodes) =>
        nodes.OfType<Node>().ToDictionary(node => node.Key, node => node.String, StringComparer.Ordinal);

    private static Dictionary<string, Binding> Bindings(Node node) => node.Optional("bindings") is not { } bindings
        ? []
        : bindings.Members.ToDictionary(m => m.Name, m => ReadBinding(m.Name, m.Node), StringComparer.Ordinal);

    private static Binding ReadBinding(string name, Node node) => new(
        node.Resource!,
        name,
        node.Require("scheme").String,
        node.Require("protocol").OneOf("tcp", "udp"),
        node.Require("transport").OneOf("http", "http2", "tcp"),
        (node.Optional("port") ?? node.Optional("targetPort"))?.Port,
        node.Optional("external")?.Boolean ?? false,
        node.Optional("port") is not null);

    private static Dictionary<string, ParameterInput> Inputs(Node node) => node.Optional("inputs") is not { } inputs
        ? []
        : inputs.Members.ToDictionary(m => m.Name, m => ReadInput(m.Name, m.Node), StringComparer.Ordinal);

    private static ParameterInput ReadInput(string name, Node node)
    {
        var fallback = node.Optional("default");
        return new ParameterInput(
            name,
            node.Optional("secret")?.Boolean ?? false,
            fallback?.Optional("value")?.String,
            fallback?.Optional("generate") is { } rules ? ReadRules(rules) : null);
    }

    private static GeneratedValue ReadRules(Node node)
    {
        bool Allowed(string key) => node.Optional(key)?.Boolean ?? true;
        int AtLeast(string key) => node.Optional(key)?.Count ?? 0;

        return new GeneratedValue(
            node.Require("minLength").Count,
            Allowed("lower"), Allowed("upper"), Allowed("numeric"), Allowed("special"),
            AtLeast("minLower"), AtLeast("minUpper"), AtLeast("minNumeric"), AtLeast("minSpecial"));
    }

    /// <summary>A JSON value that knows where it stands, so that whoever finds it wrong can say where.</summary>
    private sealed record Node(JsonElement Element, string File, string? Resource, string Key)
    {
        public string String => Expect(JsonValueKind.String, "a string").GetString()!;

        public bool Boolean => Element.ValueKind is JsonValueKind.True or JsonValueKind.False
            ? Element.GetBoolean()
            : throw Error("must be true or false");

        public int Count => Expect(JsonValueKind.Number, "a number").TryGetInt32(out var n) && n is >= 0 and <= 4096
            ? n
            : throw Error("must be a whole number from 0 to 4096");

        public int Port => Expect(JsonValueKind.Number, "a port number").TryGetInt32(out var port) && port is > 0 and <= 65535
            ? port
            : throw Error("must be a port from 1 to 65535");

        public IEnumerable<(string Name, Node Node)> Members =>
            Expect(JsonValueKind.Object, "an object").EnumerateObject().Select(p => (p.Name, Child(p.Value, p.Name)));

        public IEnumerable<Node> Items =>
            Expect(JsonValueKind.Array, "an array").EnumerateArray().Select((item, i) => this with { Element = item, Key = $"{Key}[{i}]" });

        public Node Require(string key) => Optional(key) ?? throw Child(Element, key).Error("is missing; add it");

        public Node? Optional(string key) =>
            Expect(JsonValueKind.Object, "an object").TryGetProperty(key, out var value) ? Child(value, key) : null;

        public string OneOf(params string[] allowed) =>
            allowed.Contains(String) ? String : throw Error($"is '{String}' but must be one of: {string.Join(", ", allowed)}");

        public UsageException Error(string problem)
        {
            var place = string.Join(", ", new[] { Resource is null ? null : $"resource '{Resource}'", Key.Length == 0 ? null : $"key '{Key}'" }.OfType<string>());
            return new UsageException($"{File}: {place}{(place.Length == 0 ? "" : ": ")}{problem}.");
        }

        private JsonElement Expect(JsonValueKind kind, string what) => Element.ValueKind == kind ? Element : throw Error($"must be {what}");

        private Node Child(JsonElement value, string key) => this with { Element = value, Key = Key.Length == 0 ? key : $"{Key}.{key}" };
    }
}
