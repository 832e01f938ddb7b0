using System.Globalization;
using System.Text.RegularExpressions;

namespace Topology.Comparison;

/// <summary>Times as users write them.</summary>
public static partial class TimeText
{
    /// <summary>Reads a number with its unit, <c>us</c>, <c>ms</c> or <c>s</c>, in milliseconds; null if the text is not a time.</summary>
    public static double? ToMilliseconds(string text) =>
        Time().Match(text) is { Success: true } match
            ? double.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture) * MillisecondsIn(match.Groups[2].Value) : null;

    /// <summary>How many milliseconds a unit has.</summary>
    public static double MillisecondsIn(string unit) => unit switch
    {
        "us" => 0.001,
        "ms" => 1,
        "s" => 1000,
        _ => throw new FormatException($"\"{unit}\" is no unit of time; use us, ms or s."),
    };

    [GeneratedRegex(@"^(\d{1,9}(?:\.\d{1,9})?) ?(us|ms|s)$")]
    private static partial Regex Time();
}
