using System.Globalization;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Topology.Tests.Infrastructure;

namespace Topology.Tests.Proxies;

/// <summary>Checks what can be verified of the IIS files without Windows.</summary>
public sealed class IisTests
{
    private static readonly string Folder = Path.Combine(Programs.Repository, "Edge", "Proxies", "iis");

    // The ASP.NET Core Module's schema: each attribute and its allowed values.
    private static readonly Dictionary<string, Func<string, bool>> Attributes = new()
    {
        ["processPath"] = IsText,
        ["arguments"] = IsText,
        ["startupTimeLimit"] = IsFrom(0, 3600),
        ["shutdownTimeLimit"] = IsFrom(0, 600),
        ["rapidFailsPerMinute"] = IsFrom(0, 100),
        ["requestTimeout"] = value =>
            TimeSpan.TryParseExact(value, @"hh\:mm\:ss", CultureInfo.InvariantCulture, out var time) && time <= TimeSpan.FromDays(15),
        ["stdoutLogEnabled"] = value => bool.TryParse(value, out _),
        ["stdoutLogFile"] = IsText,
        ["processesPerApplication"] = IsFrom(1, 100),
        ["forwardWindowsAuthToken"] = value => bool.TryParse(value, out _),
        ["disableStartUpErrorPage"] = value => bool.TryParse(value, out _),
        ["hostingModel"] = value => value is "inprocess" or "outofprocess",
    };

    private static readonly Dictionary<string, string> Elements = new()
    {
        ["environmentVariables"] = "environmentVariable",
        ["handlerSettings"] = "handlerSetting",
        ["recycleOnFileChange"] = "file",
    };

    [Theory]
    [InlineData("in-process", "inprocess")]
    [InlineData("out-of-process", "outofprocess")]
    public void The_modules_attributes_exist_and_hold_allowed_values(string folder, string hostingModel)
    {
        var module = Assert.Single(Read(folder).Descendants("aspNetCore"));
        Assert.NotEmpty(module.Attributes());
        Assert.NotEmpty(module.Elements().Elements());
        foreach (var attribute in module.Attributes())
        {
            Assert.True(Attributes.TryGetValue(attribute.Name.LocalName, out var allows), $"The module has no attribute {attribute.Name}.");
            Assert.True(allows(attribute.Value), $"{attribute.Name} may not be \"{attribute.Value}\".");
        }

        foreach (var element in module.Elements())
        {
            Assert.True(Elements.TryGetValue(element.Name.LocalName, out var entry), $"The module has no element {element.Name}.");
            Assert.All(element.Elements(), child => Assert.Equal(entry, child.Name.LocalName));
            Assert.All(
                element.Elements().Where(child => child.Name != "file"), child =>
                Assert.Equal(["name", "value"], child.Attributes().Select(a => a.Name.LocalName)));
        }

        Assert.Equal(hostingModel, module.Attribute("hostingModel")?.Value);
        // These settings have no effect in-process.
        if (hostingModel == "inprocess")
        {
            Assert.DoesNotContain(module.Attributes(), a => a.Name.LocalName is "requestTimeout" or "processesPerApplication");
        }
        var handler = Assert.Single(Read(folder).Descendants("handlers").Elements("add"));
        Assert.Equal("AspNetCoreModuleV2", handler.Attribute("modules")?.Value);
        Assert.Equal(handler.Attribute("name")?.Value, module.Name.LocalName);
    }

    [Theory]
    [InlineData("GET", "catalog/items/1", "http://catalog/catalog/items/1")]
    [InlineData("POST", "catalog/items/1", null)]
    [InlineData("POST", "orders", "http://orders/orders")]
    [InlineData("POST", "media", "http://media/media")]
    [InlineData("GET", "live/events", "http://live/live/events")]
    [InlineData("GET", "health", null)]
    [InlineData("GET", "catalogx", null)]
    public void The_reverse_proxys_rules_have_the_routes(string method, string path, string? expected) =>
        Assert.Equal(expected, Rewrite(method, "localhost:5000", path));

    [Theory]
    [InlineData("localhost")]
    [InlineData("a.localhost:80")]
    [InlineData("[::1]:5000")]
    public void The_reverse_proxys_rules_serve_known_hosts(string host) => Assert.NotNull(Rewrite("GET", host, "catalog/items/1"));

    [Theory]
    [InlineData("evil.example")]
    [InlineData("localhost.evil.example")]
    [InlineData("evillocalhost")]
    public void The_reverse_proxys_rules_refuse_other_hosts(string host) => Assert.Null(Rewrite("GET", host, "catalog/items/1"));

    [Fact]
    public void Every_variable_that_the_rules_set_is_allowed_by_the_steps()
    {
        var steps = File.ReadAllText(Path.Combine(Folder, "README.md"));
        var variables = Read("reverse-proxy").Descendants("serverVariables").Elements("set").ToList();
        Assert.NotEmpty(variables);
        Assert.All(variables, set => Assert.Contains($"'{set.Attribute("name")!.Value}'", steps, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("in-process")]
    [InlineData("out-of-process")]
    [InlineData("reverse-proxy")]
    public void Every_file_limits_the_request_size_and_says_that_it_was_not_tested(string folder)
    {
        Assert.Contains("ot tested on Windows", File.ReadAllText(Path.Combine(Folder, folder, "web.config")), StringComparison.Ordinal);
        Assert.Equal("1073741824", Read(folder).Descendants("requestLimits").Single().Attribute("maxAllowedContentLength")?.Value);
    }

    /// <summary>
    /// Like URL Rewrite: applies the rules in order to the path without its leading slash. The first match stops.
    /// </summary>
    private static string? Rewrite(string method, string host, string path)
    {
        foreach (var rule in Read("reverse-proxy").Descendants("rule").Where(rule => rule.Attribute("stopProcessing")?.Value == "true"))
        {
            var match = Regex.Match(path, rule.Element("match")!.Attribute("url")!.Value, RegexOptions.IgnoreCase);
            if (!match.Success || !rule.Descendants("conditions").Elements("add").All(Holds)) continue;
            var action = rule.Element("action")!;
            return action.Attribute("type")!.Value == "Rewrite"
                ? action.Attribute("url")!.Value.Replace("{R:0}", match.Value, StringComparison.Ordinal) : null;
        }

        return null;

        bool Holds(XElement condition)
        {
            var input = condition.Attribute("input")!.Value == "{HTTP_HOST}" ? host : method;
            return Regex.IsMatch(input, condition.Attribute("pattern")!.Value, RegexOptions.IgnoreCase) != (
                condition.Attribute("negate")?.Value == "true");
        }
    }

    private static XDocument Read(string folder) => XDocument.Load(Path.Combine(Folder, folder, "web.config"));

    private static bool IsText(string value) => value.Length > 0;

    private static Func<string, bool> IsFrom(int low, int high) =>
        value => int.TryParse(value, CultureInfo.InvariantCulture, out var number) && number >= low && number <= high;
}
