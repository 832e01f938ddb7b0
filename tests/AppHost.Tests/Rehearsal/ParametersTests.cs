using CsCheck;
using Topology.ManifestHost;
using Topology.ManifestHost.Manifests;

namespace Topology.Tests.ManifestHost;

public sealed class ParametersTests
{
    private static readonly Dictionary<string, string> None = [];

    [Fact]
    public void The_command_line_wins_over_the_environment_and_that_over_the_default()
    {
        var input = new ParameterInput("value", Secret: false, Default: "default", Generate: null);
        var given = new Dictionary<string, string> { ["db-user"] = "given" };

        Assert.Equal("given", new Parameters(given, _ => "set").Value(Parameter(), input));
        Assert.Equal("set", new Parameters(None, name => name == "Parameters__db-user" ? "set" : null).Value(Parameter(), input));
        Assert.Equal("set", new Parameters(None, name => name == "Parameters__db_user" ? "set" : null).Value(Parameter(), input));
        Assert.Equal("default", new Parameters(None, _ => null).Value(Parameter(), input));
    }

    [Fact]
    public void A_parameter_without_value_is_an_error_that_says_how_to_give_one()
    {
        var error = Assert.Throws<UsageException>(() => new Parameters(None, _ => null).Value(Parameter(), new ParameterInput("value", Secret: true, null, null)));
        Assert.Equal("parameter 'db-user' has no value: give it with --parameter db-user=VALUE or the environment variable Parameters__db_user.", error.Message);
    }

    [Fact]
    public void Generated_values_obey_their_rules_and_stay_the_same_within_a_run() =>
        Gen.Select(Gen.Int[0, 40], Gen.Bool, Gen.Bool, Gen.Int[0, 5], Gen.Int[0, 5], Gen.Int[0, 5]).Sample((length, upper, special, minLower, minNumeric, minSpecial) =>
        {
            var rules = new GeneratedValue(length, Lower: true, upper, Numeric: true, special, minLower, MinUpper: 0, minNumeric, minSpecial);
            var parameters = new Parameters(None, _ => null);
            var input = new ParameterInput("value", Secret: true, null, rules);

            var value = parameters.Value(Parameter(), input);

            Assert.Equal(value, parameters.Value(Parameter(), input));
            Assert.True(value.Length >= Math.Max(length, 1));
            Assert.True(value.Count(char.IsAsciiLetterLower) >= minLower);
            Assert.True(value.Count(char.IsAsciiDigit) >= minNumeric);
            Assert.True(value.Count(c => !char.IsAsciiLetterOrDigit(c)) >= minSpecial);
            Assert.True(upper || !value.Any(char.IsAsciiLetterUpper));
            Assert.True(special || minSpecial > 0 || value.All(char.IsAsciiLetterOrDigit));
        });

    [Theory]
    [InlineData("db-user", "--parameter db-user: write it as --parameter name=value.")]
    [InlineData("=x", "--parameter : write it as --parameter name=value.")]
    [InlineData("other=secret", "--parameter other: /m.json has no such parameter; it has db-user.")]
    public void Wrong_arguments_are_explained_without_repeating_values(string argument, string expected)
    {
        var error = Assert.Throws<UsageException>(() => Parameters.Parse([argument], Manifest()));
        Assert.Equal(expected, error.Message);
    }

    [Fact]
    public void Values_may_contain_equals_signs() => Assert.Equal("a=b", Parameters.Parse(["db-user=a=b"], Manifest())["db-user"]);

    private static ValueResource Parameter() => (ValueResource)Manifest().Resources["db-user"];

    private static Manifest Manifest() => ManifestReader.Parse(
        """{"resources": {"db-user": {"type": "parameter.v0", "value": "{db-user.inputs.value}", "inputs": {"value": {"type": "string"}}}}}""", "/m.json");
}
