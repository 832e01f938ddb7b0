using System.Formats.Tar;
using System.IO.Compression;
using System.Text.Json;

namespace Topology.Tests.Publishing;

/// <summary>An image as <c>dotnet publish -t:PublishContainer</c> leaves it in an archive.</summary>
/// <param name="Name">Repository and tag.</param>
/// <param name="Config">What it says of itself: <c>User</c>, <c>Env</c>, <c>Entrypoint</c> and so on.</param>
/// <param name="App">Where the files of its own layer are unpacked, those of <c>/app</c>.</param>
public sealed record BuiltImage(string Name, JsonElement Config, string App)
{
    private const string ConfigFile = "Config";

    /// <summary>Its variables.</summary>
    public IEnumerable<(string Name, string Value)> Environment =>
        Strings("Env").Select(variable => variable.Split('=', 2)).Select(parts => (parts[0], parts[1]));

    /// <summary>A list of its config.</summary>
    public IEnumerable<string> Strings(string key) => Config.GetProperty(key).EnumerateArray().Select(item => item.GetString()!);

    /// <summary>Reads an archive and unpacks the layer on top.</summary>
    /// <param name="archive">A tar file as <c>docker save</c> writes it.</param>
    /// <param name="folder">An existing folder, for the layer's files.</param>
    public static BuiltImage Read(string archive, string folder)
    {
        var manifest = Json(archive, "manifest.json")[0];
        using (var layer = Open(archive, manifest.GetProperty("Layers").EnumerateArray().Last().GetString()!))
        {
            // Compressed, as registries keep layers, though its name says otherwise.
            using var files = new GZipStream(layer, CompressionMode.Decompress);
            TarFile.ExtractToDirectory(files, folder, overwriteFiles: true);
        }

        return new(
            manifest.GetProperty("RepoTags")[0].GetString()!,
            Json(archive, manifest.GetProperty(ConfigFile).GetString()!).GetProperty("config"), Path.Combine(folder, "app"));
    }

    private static JsonElement Json(string archive, string entry)
    {
        using var stream = Open(archive, entry);
        using var document = JsonDocument.Parse(stream);
        return document.RootElement.Clone();
    }

    private static MemoryStream Open(string archive, string entry)
    {
        using var file = File.OpenRead(archive);
        using var reader = new TarReader(file);
        while (reader.GetNextEntry() is { } next)
        {
            if (next.Name != entry) continue;
            var content = new MemoryStream();
            next.DataStream!.CopyTo(content);
            content.Position = 0;
            return content;
        }

        throw new InvalidDataException($"{archive} has no {entry}.");
    }
}
