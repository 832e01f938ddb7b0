using System.Globalization;
using System.Reflection;
using Microsoft.Extensions.Options;

namespace Topology.Hardening.Limits;

/// <summary>Prevents startup if a limit makes no sense. The error message names the limit's key.</summary>
internal sealed class LimitsCheck : IValidateOptions<PublicLimits>
{
    private static readonly string[] MayBeZero =
        [nameof(PublicLimits.UnsentBytes), nameof(PublicLimits.BodyBytes), nameof(PublicLimits.QueuedRequests)];

    // The initial window size of RFC 9113 section 6.9.2.
    private const int SmallestWindow = 65_535;

    public ValidateOptionsResult Validate(string? name, PublicLimits options)
    {
        var failures = new List<string>();
        foreach (var property in typeof(PublicLimits).GetProperties(BindingFlags.Public | BindingFlags.Instance))
        {
            var value = property.GetValue(options) switch
            {
                TimeSpan time => time.TotalSeconds,
                IConvertible number and (int or long or double) => number.ToDouble(CultureInfo.InvariantCulture),
                _ => 1,
            };
            if (value < 0 || (value == 0 && !MayBeZero.Contains(property.Name)))
            {
                Fail(property.Name, property.GetValue(options), "more than 0");
            }
        }

        if (options.Http2StreamWindow is > 0 and < SmallestWindow)
        {
            Fail(nameof(options.Http2StreamWindow), options.Http2StreamWindow, $"at least {SmallestWindow}");
        }
        if (options.UpstreamStreamWindow is > 0 and < SmallestWindow)
        {
            Fail(nameof(options.UpstreamStreamWindow), options.UpstreamStreamWindow, $"at least {SmallestWindow}");
        }
        if (options.Http2ConnectionWindow < options.Http2StreamWindow)
        {
            Fail(nameof(options.Http2ConnectionWindow), options.Http2ConnectionWindow,
                $"at least as much as {nameof(options.Http2StreamWindow)}");
        }

        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);

        void Fail(string key, object? value, string wanted) =>
            failures.Add(string.Create(CultureInfo.InvariantCulture, $"{PublicLimits.Section}:{key} is {value}; give {wanted}."));
    }
}
