using System.Diagnostics;
using System.Globalization;
using System.Security;
using System.Text;
using Topology.Tests.Infrastructure;

namespace Topology.Tests.Publishing;

/// <summary>Services of the cloud's manifest as images, each running in what a container would give it.</summary>
public sealed class PublishedServices : IAsyncLifetime
{
    /// <summary>The user of .NET's images.</summary>
    public const int User = 1654;

    /// <summary>Where the runtime is in the base image.</summary>
    private const string Dotnet = "/dotnet";

    /// <summary>A port of the manifest without a binding: it is told as a number.</summary>
    private const string Probes = "8081";

    private static readonly string[] Services = ["catalog", "orders", "media", "live", "edge", "traffic"];
    private static readonly string[] Tools = ["unshare", "mount", "chroot", "setpriv", "env"];

    private readonly Dictionary<(string Resource, int Port), int> _ports = [];
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("topology-published-");
    private readonly List<PublishedService> _started = [];
    private readonly Dictionary<string, BuiltImage> _images = [];
    private int _roots;

    /// <summary>Why this machine cannot give it; null where it can.</summary>
    public string? Unavailable { get; private set; }

    public async ValueTask InitializeAsync()
    {
        Unavailable = await WhyNotAsync();
        if (Unavailable is null && !OperatingSystem.IsWindows()) await BuildAsync();
    }

    /// <summary>The images of the services, as they were built.</summary>
    public IReadOnlyDictionary<string, BuiltImage> Images => _images;

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
        var environment = CloudManifest.Environment(service, Port).Where(entry => entry.Key != without).ToDictionary();
        // The port for probes is the same in every container.
        foreach (var (key, value) in environment
            .Where(entry => entry.Key.StartsWith("Topology__Listeners__", StringComparison.Ordinal)).ToList())
        {
            if (value == Probes) environment[key] = $"{Port(service, int.Parse(value, CultureInfo.InvariantCulture))}";
        }

        var image = _images[service];
        var variables = image.Environment.Concat(environment.Select(entry => (entry.Key, entry.Value)));
        var started = new PublishedService(
            Run(image.App, image.Config.GetProperty("User").GetString()!, variables, [.. image.Strings("Entrypoint")]));
        lock (_started) _started.Add(started);
        return started;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var service in _started) await service.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    private async Task<string?> WhyNotAsync()
    {
        if (!OperatingSystem.IsLinux()) return "Only Linux has the namespaces that this takes.";
        if (!Environment.IsPrivilegedProcess) return "Only root may make the file system that this takes.";
        if (Array.Find(Tools, tool => Programs.Find(tool) is null) is { } missing)
        {
            return $"{missing} is not installed; on Debian: apt-get install util-linux coreutils.";
        }
        if (!File.Exists(Path.Combine(Path.GetDirectoryName(Programs.Dotnet)!, "dotnet"))) return "The runtime's folder was not found.";
        await using var trial = new PublishedService(Run("/usr", $"{User}", [], $"{Dotnet}/dotnet", "--list-runtimes"));
        return await trial.EndAsync() == 0 ? null : $"This machine does not let a program have a file system of its own: {trial.Output}";
    }

    /// <summary>
    /// All of them in one build, of what the tests were built with. Static files are not compressed, which would take longest.
    /// </summary>
    private async Task BuildAsync()
    {
        await using var registry = await BaseImage.ServeAsync(User, Dotnet);
        var configuration = new DirectoryInfo(AppContext.BaseDirectory).Name;
        var projects = Services.Select(service => $"""
                <Service Include="{SecurityElement.Escape(CloudManifest.Project(service))}" AdditionalProperties="ContainerArchiveOutputPath={SecurityElement.Escape(Archive(service))}" />
            """);
        var file = Path.Combine(_folder.FullName, "images.proj");
        await File.WriteAllTextAsync(file, $"""
            <Project DefaultTargets="Build">
              <ItemGroup>
            {string.Join('\n', projects)}
              </ItemGroup>
              <Target Name="Build">
                <MSBuild Projects="@(Service)" Targets="Publish;PublishContainer" BuildInParallel="true" Properties="Configuration={configuration};NoBuild=true;_IsPublishing=true;CompressionEnabled=false;ContainerBaseImage={registry.Name}" />
              </Target>
            </Project>
            """);
        await using var build = new PublishedService(BuildTools.MSBuild(file, "-maxCpuCount", "-verbosity:minimal", "-tl:off"));
        Assert.True(await build.EndAsync(TimeSpan.FromMinutes(4)) == 0, build.Output);
        foreach (var service in Services)
        {
            _images[service] = BuiltImage.Read(Archive(service), _folder.CreateSubdirectory(service).FullName);
        }
    }

    private string Archive(string service) => Path.Combine(_folder.FullName, $"{service}.tar");

    /// <summary>A command in an image whose files of its own are in a folder.</summary>
    private ProcessStartInfo Run(string app, string user, IEnumerable<(string Name, string Value)> environment, params string[] command)
    {
        var root = _folder.CreateSubdirectory($"root-{Interlocked.Increment(ref _roots)}").FullName;
        var script = Path.Combine(Programs.Repository, "tests", "Topology.Tests", "Publishing", "container.sh");
        var start = new ProcessStartInfo(
            Programs.Find("unshare") ?? "unshare",
            ["--mount", "--propagation", "private", "sh", script, root, app, Path.GetDirectoryName(Programs.Dotnet)!, user, .. command]);
        start.Environment.Clear();
        start.Environment["PATH"] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
        start.Environment["HOME"] = "/home/app"; // What a container runtime adds, from the image's list of users.
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
    public string Status(string key) =>
        File.ReadLines($"/proc/{Pid}/status").Single(
        line => line.StartsWith($"{key}:", StringComparison.Ordinal))[(key.Length + 1)..].Trim();

    /// <summary>Its files below a folder, as it sees them.</summary>
    public IEnumerable<string> Files(string folder) =>
        Directory.EnumerateFiles($"/proc/{Pid}/root{folder}").Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal);

    /// <summary>Waits until it has ended by itself.</summary>
    /// <returns>The exit code.</returns>
    public async Task<int> EndAsync(TimeSpan? patience = null)
    {
        await _process.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(patience ?? Patience);
        await _reading.WaitAsync(Patience);
        return _process.ExitCode;
    }

    /// <summary>Stops it as a platform does.</summary>
    /// <inheritdoc cref="EndAsync"/>
    public async Task<int> StopAsync()
    {
        await Programs.SignalAsync("TERM", Pid);
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
