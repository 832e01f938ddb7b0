using System.Formats.Tar;
using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;
using Topology.Tests.Infrastructure;

namespace Topology.Tests.Publishing;

/// <summary>
/// A registry on this machine that has one image: what .NET's base image says of itself (user, variables), and no files.
/// Images are built on it where the real one cannot be had; the machine's own runtime stands in for what is missing.
/// </summary>
internal sealed class BaseImage : IAsyncDisposable
{
    private const string ManifestType = "application/vnd.docker.distribution.manifest.v2+json";
    private readonly WebApplication _app;

    private BaseImage(WebApplication app, string name) => (_app, Name) = (app, name);

    /// <summary>As a project names it.</summary>
    public string Name { get; }

    /// <param name="user">The user's id.</param>
    /// <param name="dotnet">The folder of <c>dotnet</c> in the image.</param>
    public static async Task<BaseImage> ServeAsync(int user, string dotnet)
    {
        var layer = Layer(out var uncompressed);
        var config = JsonSerializer.SerializeToUtf8Bytes(new
        {
            architecture = RuntimeInformation.OSArchitecture == Architecture.Arm64 ? "arm64" : "amd64",
            os = "linux",
            config = new
            {
                User = $"{user}",
                Env = (string[])[
                    $"PATH={dotnet}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", $"APP_UID={user}",
                    "ASPNETCORE_HTTP_PORTS=8080", "DOTNET_RUNNING_IN_CONTAINER=true"],
            },
            rootfs = new { type = "layers", diff_ids = (string[])[Digest(uncompressed)] },
            history = (object[])[new { created = "2026-01-01T00:00:00Z", created_by = "base" }],
        });
        var manifest = JsonSerializer.SerializeToUtf8Bytes(new
        {
            schemaVersion = 2,
            mediaType = ManifestType,
            config = new { mediaType = "application/vnd.docker.container.image.v1+json", size = config.Length, digest = Digest(config) },
            layers = (object[])[
                new { mediaType = "application/vnd.docker.image.rootfs.diff.tar.gzip", size = layer.Length, digest = Digest(layer) }],
        });

        var port = FreePorts.Take();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ListenLocalhost(port));
        var app = builder.Build();
        app.MapGet("/v2/", () => Results.Ok());
        app.MapMethods("/v2/base/manifests/{reference}", [HttpMethods.Get, HttpMethods.Head], (HttpResponse response) =>
        {
            response.Headers["Docker-Content-Digest"] = Digest(manifest);
            return Results.Bytes(manifest, ManifestType);
        });
        app.MapMethods("/v2/base/blobs/{digest}", [HttpMethods.Get, HttpMethods.Head], (string digest) =>
            digest == Digest(config) ? Results.Bytes(config) : digest == Digest(layer) ? Results.Bytes(layer) : Results.NotFound());
        await app.StartAsync();
        return new(app, $"localhost:{port}/base:latest");
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private static byte[] Layer(out byte[] uncompressed)
    {
        using var tar = new MemoryStream();
        using (var writer = new TarWriter(tar, leaveOpen: true)) writer.WriteEntry(new PaxTarEntry(TarEntryType.Directory, "etc/"));
        uncompressed = tar.ToArray();
        using var compressed = new MemoryStream();
        using (var gzip = new GZipStream(compressed, CompressionLevel.Fastest, leaveOpen: true)) gzip.Write(uncompressed);
        return compressed.ToArray();
    }

    private static string Digest(byte[] content) => $"sha256:{Convert.ToHexStringLower(SHA256.HashData(content))}";
}
