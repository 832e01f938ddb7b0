using System.Text.Json;
using System.Text.Json.Nodes;
using Topology.ManifestHost.Manifests;

namespace Topology.Tests.ManifestHost;

/// <summary>A manifest in a folder of its own, put together by a test.</summary>
internal sealed class TrialManifest : IDisposable
{
    private readonly JsonObject _resources = [];

    public string Folder { get; } = Directory.CreateTempSubdirectory("topology-trial-").FullName;

    public string File => Path.Combine(Folder, "manifest.json");

    /// <summary>A shell script as a resource.</summary>
    public TrialManifest Script(string name, string script, object? env = null, params int?[] ports) =>
        Add(name, new { type = "executable.v0", workingDirectory = ".", command = "sh", args = new[] { "-c", Template.Escape(script) }, env = env ?? new { }, bindings = Bindings(ports) });

    /// <summary>A web server as a resource: it listens on its first binding.</summary>
    public TrialManifest Server(string name, int? port = null, object? env = null) => Add(name, new
    {
        type = "executable.v0",
        workingDirectory = ".",
        command = "python3",
        args = new[] { "-c", "import http.server,sys; http.server.HTTPServer(('127.0.0.1', int(sys.argv[1])), http.server.SimpleHTTPRequestHandler).serve_forever()", $"{{{name}.bindings.http.targetPort}}" },
        env = env ?? new { },
        bindings = Bindings(port),
    });

    public TrialManifest Add(string name, object resource)
    {
        _resources[name] = JsonSerializer.SerializeToNode(resource);
        System.IO.File.WriteAllText(File, new JsonObject { ["resources"] = _resources.DeepClone() }.ToJsonString());
        return this;
    }

    public Manifest Read() => ManifestReader.Read(File);

    public void Dispose() => Directory.Delete(Folder, recursive: true);

    private static JsonObject Bindings(params int?[] ports) => new(ports.Select((port, i) => KeyValuePair.Create(
        i == 0 ? "http" : $"http{i}",
        (JsonNode?)(port is null
            ? new JsonObject { ["scheme"] = "http", ["protocol"] = "tcp", ["transport"] = "http" }
            : new JsonObject { ["scheme"] = "http", ["protocol"] = "tcp", ["transport"] = "http", ["targetPort"] = port }))));
}
