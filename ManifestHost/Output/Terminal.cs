using System.Diagnostics;
using System.Text.RegularExpressions;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Topology.ManifestHost.Output;

/// <summary>
/// What the user sees: log lines prefixed by resource, messages of the host, and on a terminal one last line that says what it
/// is doing and for how long. Redirected, or with NO_COLOR, everything is plain text.
/// </summary>
/// <remarks>Safe for concurrent use; lines are never mixed.</remarks>
internal sealed partial class Terminal : IDisposable
{
    private static readonly int[] Palette = [39, 208, 76, 170, 220, 43, 141, 203, 117, 149];
    private const string Reset = "\e[0m";
    private const string Dim = "\e[2m";

    private readonly Lock _lock = new();
    private readonly Dictionary<string, int> _colors = [];
    private readonly bool _interactive = !Console.IsOutputRedirected;
    private readonly bool _colored = !Console.IsOutputRedirected && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"));
    private readonly Timer _repaint;
    private readonly Stopwatch _since = new();
    private string? _status;
    private int _prefixWidth = "topology".Length;

    public Terminal() => _repaint = new Timer(_ => { lock (_lock) Paint(); });

    /// <summary>Aligns the prefixes of these resources and fixes their colours.</summary>
    public void Register(IEnumerable<string> resources)
    {
        lock (_lock)
        {
            foreach (var resource in resources)
            {
                _colors.TryAdd(resource, Palette[_colors.Count % Palette.Length]);
                _prefixWidth = Math.Max(_prefixWidth, resource.Length);
            }
        }
    }

    /// <summary>A line that a resource, or a tool run for the user, has written.</summary>
    public void Log(string resource, string line) => Write(Prefix(resource) + Clean(line));

    /// <summary>A message of the host itself.</summary>
    public void Say(string message) => Write(Prefix("topology") + message);

    /// <summary>A message of the host about something that is wrong.</summary>
    public void Warn(string message) => Write(Prefix("topology") + (_colored ? $"\e[33m{message}{Reset}" : message));

    /// <summary>The error that ends the run, on standard error.</summary>
    public void Fail(string message)
    {
        lock (_lock)
        {
            Erase();
            Console.Error.WriteLine(message);
        }
    }

    /// <summary>What is going on, until the result is disposed. Redirected output gets it as one line.</summary>
    public IDisposable Doing(string what)
    {
        lock (_lock)
        {
            _status = what;
            _since.Restart();
        }
        if (_interactive)
            _repaint.Change(TimeSpan.Zero, TimeSpan.FromMilliseconds(250));
        else
            Say(what + " …");
        return new Ending(this);
    }

    /// <summary>Replaces the text of what is going on, on a terminal only.</summary>
    public void Update(string what)
    {
        lock (_lock)
        {
            if (_status is not null)
                _status = what;
        }
    }

    /// <summary>A table or another Spectre.Console renderable.</summary>
    public void Render(IRenderable renderable)
    {
        lock (_lock)
        {
            Erase();
            var console = AnsiConsole.Create(new AnsiConsoleSettings
            {
                Ansi = _interactive ? AnsiSupport.Detect : AnsiSupport.No,
                ColorSystem = _colored ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
            });
            // A redirected table must not be cut to the 80 columns assumed where there is no terminal.
            if (!_interactive)
                console.Profile.Width = 240;
            console.Write(renderable);
        }
    }

    public void Dispose()
    {
        _repaint.Dispose();
        lock (_lock)
            Erase();
    }

    private string Prefix(string resource)
    {
        var name = resource.PadRight(_prefixWidth);
        if (!_colored)
            return $"{name} | ";
        return _colors.TryGetValue(resource, out var color) ? $"\e[38;5;{color}m{name}{Reset} {Dim}|{Reset} " : $"{Dim}{name} |{Reset} ";
    }

    /// <summary>Keeps colours where they can be shown; nothing a resource logs can move the cursor or set the title.</summary>
    private string Clean(string line) =>
        _colored ? ControlsButColors().Replace(line, "") + Reset : Controls().Replace(line, "");

    private void Write(string line)
    {
        lock (_lock)
        {
            Erase();
            Console.Out.WriteLine(line);
            Paint();
        }
    }

    private void Erase()
    {
        if (_interactive && _status is not null)
            Console.Out.Write("\r\e[2K");
    }

    private void Paint()
    {
        if (!_interactive || _status is null)
            return;
        var text = $"{"⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"[(int)(_since.ElapsedMilliseconds / 100 % 10)]} {_status} ({_since.Elapsed.TotalSeconds:0} s)";
        var width = Math.Max(Console.WindowWidth - 1, 20);
        Console.Out.Write($"\r\e[2K{(text.Length > width ? text[..width] : text)}");
    }

    [GeneratedRegex(@"\e\][^\a\e]*(\a|\e\\)?|\e\[[0-?]*[ -/]*[@-~]|\e.|[\x00-\x08\x0b-\x1f\x7f]")]
    private static partial Regex Controls();

    [GeneratedRegex(@"\e\][^\a\e]*(\a|\e\\)?|\e\[(?![0-9;]*m)[0-?]*[ -/]*[@-~]|\e(?!\[).|[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f]")]
    private static partial Regex ControlsButColors();

    private sealed class Ending(Terminal terminal) : IDisposable
    {
        public void Dispose()
        {
            terminal._repaint.Change(Timeout.Infinite, Timeout.Infinite);
            lock (terminal._lock)
            {
                terminal.Erase();
                terminal._status = null;
            }
        }
    }
}
