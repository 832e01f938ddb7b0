using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Topology.ManifestHost.Running;

/// <summary>The running topology for other programs to read.</summary>
/// <param name="BehindIngress">Whether all resources are reached through the stand-in for a platform's ingress.</param>
internal sealed record TopologyState(HostState Host, DashboardState? Dashboard, IReadOnlyList<ResourceState> Resources, bool BehindIngress);

internal sealed record HostState(int Pid);

/// <param name="Url">Base URL of its pages.</param>
/// <param name="LoginUrl">Holds the login token: whoever has it sees all telemetry.</param>
/// <param name="OtlpGrpc">Where services send telemetry.</param>
internal sealed record DashboardState(string Url, string LoginUrl, string OtlpGrpc);

/// <param name="State"><c>starting</c>, <c>running</c>, <c>restarting</c>, <c>finished</c>, <c>stopped</c>, <c>not-started</c> or <c>not-runnable</c>.</param>
/// <param name="Pid">Null while there is no process.</param>
/// <param name="Urls">Where others reach it, by binding; empty for what does not run.</param>
/// <param name="Listeners">Where the process itself listens behind the ingress, by listener; null where that is at <paramref name="Urls"/>.</param>
internal sealed record ResourceState(
    string Name, string State, int? Pid, IReadOnlyDictionary<string, string> Urls,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyDictionary<string, string>? Listeners = null);

/// <summary>
/// Writes <see cref="TopologyState"/> where only the user can read it, whole or not at all. While a host holds a path no other
/// writes there; the operating system lets go of it if the host dies.
/// </summary>
internal sealed class StateFile : IDisposable
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        // URLs are to be read, and the file is never part of a page.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private readonly FileStream _lock;

    private StateFile(string path, FileStream held)
    {
        FilePath = path;
        _lock = held;
        File.Delete(path);
    }

    /// <summary>Absolute.</summary>
    public string FilePath { get; }

    /// <summary>Takes the path for this host; null if another running host has it.</summary>
    public static StateFile? TryClaim(string path)
    {
        path = Path.GetFullPath(path);
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unwritable(path, e);
        }

        try
        {
            return new StateFile(path, new FileStream(path + ".lock", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1, FileOptions.DeleteOnClose));
        }
        catch (IOException)
        {
            return null;
        }
        catch (UnauthorizedAccessException e)
        {
            throw Unwritable(path, e);
        }
    }

    public void Write(TopologyState state)
    {
        var temporary = $"{FilePath}.{Environment.ProcessId}.tmp";
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using (var stream = new FileStream(temporary, options))
            JsonSerializer.Serialize(stream, state, Json);
        File.Move(temporary, FilePath, overwrite: true);
    }

    /// <summary>The id of the host that wrote the file; null if there is no such file.</summary>
    public static int? HostOf(string path)
    {
        try
        {
            return JsonSerializer.Deserialize<TopologyState>(File.ReadAllText(path), Json)?.Host?.Pid;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            return null;
        }
    }

    private static UsageException Unwritable(string path, Exception e) => new($"--state {path}: cannot be written ({e.Message}); name another file.", e);

    public void Dispose()
    {
        File.Delete(FilePath);
        _lock.Dispose();
    }
}
