using System.CommandLine;
using System.CommandLine.Parsing;

namespace Topology.ManifestHost.Commands;

/// <summary>
/// What looks like an option and is none. The parser would take it for a folder, a file or a name, wherever one is expected,
/// and a mistyped option would do harm in silence.
/// </summary>
internal static class UnknownOptions
{
    /// <summary>All of them, up to a <c>--</c>, after which everything is meant as it stands.</summary>
    public static IEnumerable<string> In(ParseResult arguments) => arguments.Tokens
        .TakeWhile(token => token.Type != TokenType.DoubleDash)
        .Where(token => token.Type == TokenType.Argument && LooksLikeOption(token.Value))
        .Select(token => token.Value);

    // Not a negative number, and not the single '-' of a standard stream.
    private static bool LooksLikeOption(string text) => text is ['-', '-', _, ..] || (text is ['-', var first, ..] && char.IsAsciiLetter(first));
}
