using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using Npgsql;
using Topology.Tests.Infrastructure;

namespace Topology.Tests.Backends;

/// <summary>
/// An installed PostgreSQL server as the lab runs it (AppHost/Database/run), with data of its own on a free port. What it
/// acknowledges is on disk.
/// </summary>
public sealed class PostgresServer : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("topology-postgres-").FullName;
    private readonly string _password = RandomNumberGenerator.GetHexString(32, lowercase: true);
    private readonly int _port = FreePorts.Take();
    private Process? _process;

    /// <summary>Why no server can run here; null if one can.</summary>
    public string? Unavailable { get; private set; }

    public async ValueTask InitializeAsync()
    {
        Unavailable = await InstalledPostgres.WhyNotAsync();
        if (Unavailable is null) await StartAsync();
    }

    /// <summary>Skips the test if no server can run here.</summary>
    public void Require() => Assert.SkipWhen(Unavailable is not null, Unavailable ?? "");

    /// <summary>A connection string for a database, which need not exist.</summary>
    public string Connection(string database) =>
        $"Host=localhost;Port={_port};Database={database};Username=orders;Password={_password}";

    /// <summary>Starts the server on the data that it has, and waits until it accepts connections.</summary>
    public async Task StartAsync()
    {
        // The server does not run as root, and needs a way to its data.
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(_folder, (UnixFileMode)Convert.ToInt32("755", 8));
        var start = new ProcessStartInfo("/bin/sh", [InstalledPostgres.Script, Path.Combine(_folder, "postgres")])
        { RedirectStandardError = true };
        start.Environment["POSTGRES_PORT"] = _port.ToString(CultureInfo.InvariantCulture);
        start.Environment["POSTGRES_PASSWORD"] = _password;
        _process = Process.Start(start)!;
        var log = new System.Text.StringBuilder();
        _process.ErrorDataReceived += (_, line) => log.AppendLine(line.Data);
        _process.BeginErrorReadLine();
        await Eventually.TrueAsync(
            async () =>
            {
                Assert.False(_process.HasExited, log.ToString());
                return await AcceptsAsync();
            },
            seconds: 30);
    }

    /// <summary>Asks the server to end, and waits for it.</summary>
    public async Task StopAsync()
    {
        await Programs.SignalAsync("TERM", _process!.Id);
        await EndAsync();
    }

    /// <summary>Kills the server with <c>kill -9</c>, and waits until the processes of its connections have noticed.</summary>
    public async Task KillAsync()
    {
        var main = int.Parse(
            File.ReadLines(Path.Combine(_folder, "postgres", "data", "postmaster.pid")).First(), CultureInfo.InvariantCulture);
        var below = Programs.Below(main);
        await Programs.SignalAsync("KILL", main);
        await EndAsync();
        await Eventually.TrueAsync(() => !below.Any(pid => Directory.Exists($"/proc/{pid}")));
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is { HasExited: false }) await StopAsync();
        _process?.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task EndAsync() => await _process!.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(20));

    private async Task<bool> AcceptsAsync()
    {
        try
        {
            await using var connection = new NpgsqlConnection(Connection("postgres") + ";Pooling=false;Timeout=2");
            await connection.OpenAsync();
            return true;
        }
        catch (NpgsqlException)
        {
            return false;
        }
    }
}
