using Topology.Traffic.Comparison;

namespace Topology.Traffic.Commands;

/// <summary>What the commands that measure have in common: lists of names, and how they end.</summary>
internal static class CommandLine
{
    /// <summary>The exit status of arguments that cannot be met; one line on standard error says what to change.</summary>
    public const int BadArguments = 2;

    /// <summary>What the environment sets for a command.</summary>
    public static IConfiguration Configuration { get; } = new ConfigurationBuilder().AddEnvironmentVariables().Build();

    private const int Failed = 1;
    private const int Interrupted = 130;

    /// <summary>Names given with commas, in several options, or both.</summary>
    public static string[] Split(string[]? values) =>
        [.. (values ?? []).SelectMany(value => value.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))];

    /// <summary>Says what to change about the arguments.</summary>
    public static int Refuse(string problem)
    {
        Console.Error.WriteLine(problem);
        return BadArguments;
    }

    /// <summary>Says what to change about the first file whose folder is not there; null where all are.</summary>
    public static string? MissingFolder(params IEnumerable<FileInfo?> files) =>
        files.FirstOrDefault(file => file is { Directory.Exists: false }) is { } file ? $"The folder of {file} does not exist; make it or name another file." : null;

    /// <summary>Measures, and turns what goes wrong into one message and an exit status.</summary>
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
            return Failed;
        }
    }
}
