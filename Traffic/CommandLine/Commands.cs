using System.CommandLine;
using System.CommandLine.Parsing;
using Topology.Comparison;

namespace Topology.CommandLine;

/// <summary>What the commands share: parsing, lists of names, and exit statuses.</summary>
internal static class Commands
{
    /// <summary>The exit status for bad arguments; one line on standard error says what to change.</summary>
    public const int BadArguments = 2;

    /// <summary>The exit status for a measurement that is not valid; its results are still written.</summary>
    public const int NotValid = 3;

    /// <summary>The exit status for a bad result, such as one that exceeds a limit.</summary>
    public const int Failed = 1;

    private const int Interrupted = 130;

    /// <summary>The environment variables as configuration.</summary>
    public static IConfiguration Configuration { get; } = new ConfigurationBuilder().AddEnvironmentVariables().Build();

    /// <summary>Finds the command and runs it.</summary>
    /// <returns>Its exit status: 0, 1 for a bad result, 2 for bad arguments, 3 for a measurement that is not valid, 130 if it was
    /// cancelled.</returns>
    public static async Task<int> InvokeAsync(string[] args, params IReadOnlyList<Command> commands)
    {
        if (args is []) args = ["--help"];
        if (args[0] is not ['-', ..] && commands.All(command => command.Name != args[0]))
        {
            return Refuse($"There is no command \"{args[0]}\"; use one of {string.Join(", ", commands.Select(command => command.Name))}.");
        }
        var root = new RootCommand("Measures the topology, and shows its certificates.");
        foreach (var command in commands) root.Add(command);
        var parsed = root.Parse(args);
        if (UnknownOption(parsed) is { } unknown)
        {
            return Refuse($"There is no option '{unknown}'; write a file or folder of that name as ./{unknown}. See --help.");
        }
        if (parsed.Errors is [var error, ..])
        {
            return Refuse($"{error.Message.ReplaceLineEndings(" ").Replace("\t", "", StringComparison.Ordinal)} See --help.");
        }
        return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
    }

    /// <summary>Names separated by commas, given as several values, or both.</summary>
    public static string[] Split(string[]? values) =>
        [.. (values ?? []).SelectMany(value => value.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))];

    /// <summary>Prints what to change about the arguments, and returns the exit code.</summary>
    public static int Refuse(string problem)
    {
        Console.Error.WriteLine(problem);
        return BadArguments;
    }

    /// <summary>A message that says what to change about the first file that cannot be written; null if all can.</summary>
    public static string? Unwritable(params IEnumerable<FileInfo?> files)
    {
        foreach (var file in files.OfType<FileInfo>())
        {
            if (file is { Directory.Exists: false }) return $"The folder of {file} does not exist; create it or name another file.";
            try
            {
                // Only opening tells. What this creates disappears again: a measurement that fails leaves no file.
                using var probe = new FileStream(file.FullName, new FileStreamOptions
                {
                    Mode = FileMode.OpenOrCreate,
                    Access = FileAccess.Write,
                    Options = file.Exists ? FileOptions.None : FileOptions.DeleteOnClose,
                });
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                return $"{file} cannot be written ({exception.Message.TrimEnd('.')}); name another file.";
            }
        }

        return null;
    }

    /// <summary>
    /// An error message if exactly one name is given, because one alone cannot be compared. Null for several, and for none, which means
    /// all.
    /// </summary>
    public static string? NothingToCompare(IReadOnlyList<string> names, string example) =>
        names.Count == 1 ? $"Only {names[0]} is named, so there is nothing to compare; name two or more, such as {example}." : null;

    /// <summary>Whether the user wrote the option.</summary>
    public static bool IsGiven(this ParseResult parsed, Option option) => parsed.GetResult(option) is { Implicit: false };

    /// <summary>Measures, and turns a failure into one message and an exit status.</summary>
    public static async Task<int> RunAsync(Func<Task<int>> measure, CancellationToken cancellationToken)
    {
        try
        {
            return await measure();
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            await Console.Error.WriteLineAsync("Cancelled; nothing was written.");
            return Interrupted;
        }
        catch (Exception exception) when (exception is ComparisonFailedException or TopologyStartException or IOException)
        {
            await Console.Error.WriteLineAsync(exception.Message);
            return (exception as TopologyStartException)?.Status ?? Failed;
        }
    }

    /// <summary>
    /// The first unknown option before a <c>--</c>. The parser itself would accept such an option where it expects a file or a
    /// name. A negative number and the single hyphen of a standard stream are not options.
    /// </summary>
    private static string? UnknownOption(ParseResult parsed) => parsed.Tokens
        .TakeWhile(token => token.Type != TokenType.DoubleDash)
        .FirstOrDefault(
            token => token.Type == TokenType.Argument
            && (token.Value is ['-', '-', _, ..] || token.Value is ['-', var first, ..] && char.IsAsciiLetter(first)))?.Value;
}
