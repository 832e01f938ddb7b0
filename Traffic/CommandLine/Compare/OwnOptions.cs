using System.CommandLine;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Topology.Comparison;
using Topology.Comparison.OwnTargets;
using Topology.Comparison.Targets;

namespace Topology.CommandLine.Compare;

/// <summary>The user's own application, instead of the shop.</summary>
/// <param name="Targets">The ways to it, the baseline first.</param>
/// <param name="Trust">Which certificates are trusted.</param>
/// <param name="IsLocal">Whether all targets are on this machine.</param>
internal sealed record OwnApplication(IReadOnlyList<OwnTarget> Targets, PublicTrust Trust, bool IsLocal);

/// <summary>The options that name the user's own application and the request to it.</summary>
internal static class OwnOptions
{
    /// <summary>The rate without <c>--rate</c>.</summary>
    public const double DefaultRate = OwnTarget.PoliteRate;

    private static readonly Option<string[]> Target = new("--target")
    {
        Description = "An address of your own application, instead of the shop's paths. Repeat it; the first is the baseline.",
        HelpName = "NAME=URL"
    };
    private static readonly Option<string> Get =
        new("--get") { Description = "With --target: the path and query to GET.", HelpName = "PATH" };
    private static readonly Option<string> Method =
        new("--method") { Description = "With --path: the method. Default: GET, with --body POST." };
    private static readonly Option<string> PathOption =
        new("--path") { Description = "With --target: the path and query to request with any method.", HelpName = "PATH" };
    private static readonly Option<string[]> Header =
        new("--header") { Description = "With --target: a header of each request. Repeat it.", HelpName = "NAME: VALUE" };
    private static readonly Option<FileInfo> Body = new("--body") { Description = "With --target: the file to send as body." };
    private static readonly Option<int?> Expect = new("--expect")
    {
        Description = "With --target: the status of a successful response. Default: any from 200 to 299.",
        HelpName = "STATUS"
    };
    private static readonly Option<FileInfo> CaCert =
        new("--cacert") { Description = "With --target: trust only the authorities in this PEM file.", HelpName = "FILE" };
    private static readonly Option<bool> Insecure = new("--insecure") { Description = "With --target: trust any certificate." };
    private static readonly Option<bool> IOwnThis = new("--i-own-this")
    {
        Description = $"With --target: allow more than {OwnTarget.PoliteRate} requests per second to another machine."
    };

    private static readonly Option[] OfRequest = [Get, Method, PathOption, Header, Body, Expect, CaCert, Insecure, IOwnThis];
    private static readonly Option[] OfShop = [
        LoadOptions.Workload, LoadOptions.Paths, LoadOptions.Tls, MeasuredTopology.Attach, MeasuredTopology.StateOption,
        MeasuredTopology.NoBuild];

    public static IReadOnlyList<Option> All { get; } = [Target, .. OfRequest];

    /// <summary>Reads the targets; null if the shop is measured.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="options">The other options.</param>
    /// <param name="highestRate">The highest rate of a sweep; null without one.</param>
    /// <exception cref="FormatException">An option is bad; the message says what to change.</exception>
    public static (OwnApplication Own, ComparisonOptions Options)? Read(
        ParseResult parsed, ComparisonOptions options, double? highestRate)
    {
        if (parsed.GetValue(Target) is not { Length: > 0 } texts)
        {
            return OfRequest.FirstOrDefault(parsed.IsGiven) is not { } alone ? null
                : throw new FormatException($"{alone.Name} needs --target NAME=URL, given twice or more.");
        }
        if (OfShop.FirstOrDefault(parsed.IsGiven) is { } shop)
        {
            throw new FormatException($"{shop.Name} belongs to the shop, and --target to your own application; leave out one of them.");
        }

        OwnTarget[] targets = [.. texts.Select(OwnTarget.Parse)];
        string[] names = [.. targets.Select(target => target.Name)];
        if (names.GroupBy(name => name).FirstOrDefault(group => group.Count() > 1) is { } twice)
        {
            throw new FormatException($"Two targets are named {twice.Key}; give each its own name.");
        }
        if (Commands.NothingToCompare(names, "--target edge=https://www.example") is { } single) throw new FormatException(single);

        var workload = ReadRequest(parsed);
        options = options with
        {
            Request = workload,
            Workload = workload.Name,
            Paths = names,
            Tls = targets.All(target => target.Url.Scheme == Uri.UriSchemeHttps),
            Rate = highestRate is not null || parsed.IsGiven(LoadOptions.Rate) ? options.Rate : DefaultRate,
        };
        var remote = targets.FirstOrDefault(target => !target.IsOnThisMachine());
        if (remote is not null && ((highestRate ?? options.Rate) > OwnTarget.PoliteRate || options.ClosedLoop)
            && !parsed.GetValue(IOwnThis))
        {
            throw new FormatException(
                $"{remote.Url.Host} is not this machine; ask for at most {OwnTarget.PoliteRate} requests per second, and not for "
                + "--closed-loop, or add --i-own-this if its owner agrees to more.");
        }
        return (new(targets, ReadTrust(parsed), remote is null), options);
    }

    private static OwnWorkload ReadRequest(ParseResult parsed)
    {
        var (get, path, method) = (parsed.GetValue(Get), parsed.GetValue(PathOption), parsed.GetValue(Method));
        if ((get ?? path) is not { } requested)
        {
            throw new FormatException("No request is named; add --get PATH, such as --get /, or --method METHOD --path PATH.");
        }
        if (get is not null && (path ?? method) is not null)
        {
            throw new FormatException("--get already names method and path; leave it out, or --method and --path.");
        }

        var body = parsed.GetValue(Body) is { } file ? ReadFile(file, "--body") : null;
        if (get is not null && body is not null) throw new FormatException("--get has no body; use --method POST --path PATH instead.");
        return OwnWorkload.Parse(
            method ?? (body is null ? "GET" : "POST"), requested, parsed.GetValue(Header) ?? [],
            body is null ? null : new ReadOnlyMemory<byte>(body), parsed.GetValue(Expect));
    }

    private static PublicTrust ReadTrust(ParseResult parsed)
    {
        if (parsed.GetValue(CaCert) is not { } file)
        {
            return parsed.GetValue(Insecure) ? PublicTrust.OfAnyone : PublicTrust.OfSystem;
        }
        if (parsed.GetValue(Insecure)) throw new FormatException("--insecure trusts any certificate; leave out --cacert, or --insecure.");

        var authorities = new X509Certificate2Collection();
        try
        {
            authorities.ImportFromPem(System.Text.Encoding.Latin1.GetString(ReadFile(file, "--cacert")));
        }
        catch (CryptographicException)
        {
            // Reported below: nothing was imported.
        }

        return authorities.Count > 0 ? PublicTrust.Of(authorities)
            : throw new FormatException($"{file} of --cacert has no certificate in PEM format; name a file that has.");
    }

    private static byte[] ReadFile(FileInfo file, string option)
    {
        try
        {
            return File.ReadAllBytes(file.FullName);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new FormatException($"{file} of {option} cannot be read; name an existing file.", exception);
        }
    }
}
