using System.Diagnostics;
using System.Globalization;
using System.Runtime.Versioning;
using System.Security;
using System.Text;
using System.Xml.Linq;
using Topology.ManifestHost.Manifests;
using Topology.ManifestHost.Running;
using Topology.Tests.Infrastructure;

namespace Topology.Tests.Publishing;

/// <summary>Services of the cloud's manifest as they are published, each in what a container would give it.</summary>
public sealed class PublishedServices : IAsyncLifetime
{
    /// <summary>The user of .NET's images.</summary>
    public const int User = 1654;

    private static readonly string[] Services = ["catalog", "orders", "edge", "traffic"];
    private static readonly string[] Tools = ["unshare", "mount", "chroot", "setpriv", "env"];

    private readonly Manifest _manifest = ManifestReader.Read(Path.Combine(Repository.Find()!.Manifests, "cloud.json"));
    private readonly Dictionary<(string Resource, int Port), int> _ports = [];
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("topology-published-");
    private readonly List<PublishedService> _started = [];
    private int _roots;

    /// <summary>Why this machine cannot give it; null where it can.</summary>
    public string? Unavailable { get; private set; }

    public async ValueTask InitializeAsync()
    {
        Unavailable = await WhyNotAsync();
        if (Unavailable is null && !OperatingSystem.IsWindows()) await PublishAsync();
    }

    /// <summary>The port on which the manifest's <paramref name="port"/> of a service is here.</summary>
    public int Port(string service, int port)
    {
        lock (_ports) return _ports.TryGetValue((service, port), out var here) ? here : _ports[(service, port)] = FreePorts.Take();
    }

    /// <summary>Starts a service with the manifest's environment.</summary>
    /// <param name="service">Its name.</param>
    /// <param name="without">A variable that it does not get.</param>
    public PublishedService Start(string service, string? without = null)
    {
        var resource = (ProjectResource)_manifest.Resources[service];
        var values = new ValueResolver(_manifest, binding => Port(binding.Resource, binding.FixedPort!.Value), (_, input) => input.Default!);
        var environment = values.Environment(resource).Where(entry => entry.Key != without).ToDictionary();
        // The port for probes is the same in every container.
        foreach (var (key, value) in resource.Environment.Where(entry => entry.Key.StartsWith("Topology__Listeners__", StringComparison.Ordinal) && int.TryParse(entry.Value, out _)))
            environment[key] = $"{Port(service, int.Parse(value, CultureInfo.InvariantCulture))}";

        var started = new PublishedService(Run(Folder(service), environment, "/dotnet/dotnet", $"Topology.{Path.GetFileNameWithoutExtension(resource.ProjectFile)}.dll"));
        lock (_started) _started.Add(started);
        return started;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var service in _started) await service.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    // Always the same, because a build remembers each folder that it has published to.
    private static string Folder(string service) => Path.Combine(Repository.Find()!.Artifacts, "published", service);

    private async Task<string?> WhyNotAsync()
    {
        if (!OperatingSystem.IsLinux()) return "Only Linux has the namespaces that this takes.";
        if (!Environment.IsPrivilegedProcess) return "Only root may make the file system that this takes.";
        if (Array.Find(Tools, tool => Executables.Find(tool) is null) is { } missing) return $"{missing} is not installed; on Debian: apt-get install util-linux coreutils.";
        if (!File.Exists(Path.Combine(Path.GetDirectoryName(Executables.Dotnet)!, "dotnet"))) return "The runtime's folder was not found.";
        await using var trial = new PublishedService(Run("/usr", new Dictionary<string, string>(), "/dotnet/dotnet", "--list-runtimes"));
        return await trial.EndAsync() == 0 ? null : $"This machine does not let a program have a file system of its own: {trial.Output}";
    }

    /// <summary>All of them in one build, of what the tests were built with. Static files are not compressed, which would take longest.</summary>
    [UnsupportedOSPlatform("windows")]
    private async Task PublishAsync()
    {
        var configuration = new DirectoryInfo(AppContext.BaseDirectory).Name;
        var projects = Services.Select(service => $"""
                <Service Include="{SecurityElement.Escape(((ProjectResource)_manifest.Resources[service]).ProjectFile)}" AdditionalProperties="PublishDir={SecurityElement.Escape(Folder(service))}/" />
            """);
        var file = Path.Combine(_folder.FullName, "publish.proj");
        await File.WriteAllTextAsync(file, $"""
            <Project DefaultTargets="Publish">
              <ItemGroup>
            {string.Join('\n', projects)}
              </ItemGroup>
              <Target Name="Publish">
                <MSBuild Projects="@(Service)" Targets="Publish" BuildInParallel="true" Properties="Configuration={configuration};NoBuild=true;_IsPublishing=true;CompressionEnabled=false" />
              </Target>
            </Project>
            """);
        var start = new ProcessStartInfo(Executables.Dotnet, ["msbuild", file, "-maxCpuCount", "-nologo", "-verbosity:minimal", "-tl:off", "-nodeReuse:false"]);
        start.Environment.Clear();
        foreach (var (name, value) in ChildEnvironment.ForTools()) start.Environment[name] = value;
        await using var build = new PublishedService(start);
        Assert.True(await build.EndAsync() == 0, build.Output);
        foreach (var folder in Services.Select(service => new DirectoryInfo(Folder(service))))
        {
            foreach (var entry in folder.EnumerateFileSystemInfos("*", SearchOption.AllDirectories).Prepend(folder))
                Share(entry);
        }
    }

    /// <summary>In an image everybody may read everything, whatever the rights of the files that went into it.</summary>
    [UnsupportedOSPlatform("windows")]
    private static void Share(FileSystemInfo entry)
    {
        const UnixFileMode read = UnixFileMode.GroupRead | UnixFileMode.OtherRead;
        entry.UnixFileMode |= entry is DirectoryInfo ? read | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute : read;
    }

    /// <summary>A command in the image of a service: with the variables of .NET's image, of ours, and of the manifest.</summary>
    private ProcessStartInfo Run(string app, IReadOnlyDictionary<string, string> environment, params string[] command)
    {
        var root = _folder.CreateSubdirectory($"root-{Interlocked.Increment(ref _roots)}").FullName;
        var script = Path.Combine(Repository.Find()!.Root, "tests", "Topology.Tests", "Publishing", "container.sh");
        var start = new ProcessStartInfo(
            Executables.Find("unshare") ?? "unshare",
            ["--mount", "--propagation", "private", "sh", script, root, app, Path.GetDirectoryName(Executables.Dotnet)!, .. command]);
        start.Environment.Clear();
        start.Environment["PATH"] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
        start.Environment["HOME"] = "/home/app";
        start.Environment["APP_UID"] = $"{User}";
        start.Environment["ASPNETCORE_HTTP_PORTS"] = "8080";
        start.Environment["DOTNET_RUNNING_IN_CONTAINER"] = "true";
        foreach (var variable in XDocument.Load(Path.Combine(Repository.Find()!.Root, "Directory.Build.props")).Descendants("ContainerEnvironmentVariable"))
            start.Environment[variable.Attribute("Include")!.Value] = variable.Attribute("Value")!.Value;
        foreach (var (name, value) in environment) start.Environment[name] = value;
        return start;
    }
}

/// <summary>A program that runs, with what it has written.</summary>
public sealed class PublishedService : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly Process _process;
    private readonly Task _reading;
    private readonly Lock _lock = new();
    private readonly StringBuilder _output = new();

    internal PublishedService(ProcessStartInfo start)
    {
        start.RedirectStandardOutput = start.RedirectStandardError = true;
        _process = Process.Start(start)!;
        _reading = Task.WhenAll(ReadAsync(_process.StandardOutput), ReadAsync(_process.StandardError));
    }

    public int Pid => _process.Id;

    public string Output
    {
        get
        {
            lock (_lock) return _output.ToString();
        }
    }

    public bool HasEnded => _process.HasExited;

    /// <summary>A line of its status, as the kernel tells it.</summary>
    public string Status(string key) => File.ReadLines($"/proc/{Pid}/status").Single(line => line.StartsWith($"{key}:", StringComparison.Ordinal))[(key.Length + 1)..].Trim();

    /// <summary>Its files below a folder, as it sees them.</summary>
    public IEnumerable<string> Files(string folder) => Directory.EnumerateFiles($"/proc/{Pid}/root{folder}").Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal);

    /// <summary>Waits until it has ended by itself.</summary>
    /// <returns>The exit code.</returns>
    public async Task<int> EndAsync()
    {
        await _process.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(Patience);
        await _reading.WaitAsync(Patience);
        return _process.ExitCode;
    }

    /// <summary>Stops it as a platform does.</summary>
    /// <inheritdoc cref="EndAsync"/>
    public async Task<int> StopAsync()
    {
        await Signals.SendAsync("TERM", Pid);
        return await EndAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
    }

    private async Task ReadAsync(StreamReader reader)
    {
        while (await reader.ReadLineAsync() is { } line)
        {
            lock (_lock) _output.AppendLine(line);
        }
    }
}
