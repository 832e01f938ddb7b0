using CsCheck;
using Topology.ManifestHost.Manifests;

namespace Topology.Tests.ManifestHost;

public sealed class TemplateTests
{
    private static readonly Gen<string> Step = Gen.Char["abzAZ09-_"].Array[1, 8].Select(chars => new string(chars));

    [Fact]
    public void Any_text_survives_escaping_and_parsing() =>
        Gen.String[Gen.Char["{}ab.- \"é"], 0, 40].Sample(text => string.Concat(Template.Parse(Template.Escape(text)).Parts.Select(part => part.Literal)) == text);

    [Fact]
    public void References_are_found_in_order_between_any_text() =>
        Gen.Select(Gen.String[Gen.Char["{}ab "], 0, 8], Step.Array[2, 4]).Array[1, 6].Sample(pieces =>
        {
            var text = string.Concat(pieces.Select(piece => $"{Template.Escape(piece.Item1)}{{{string.Join('.', piece.Item2)}}}"));

            var template = Template.Parse(text);

            Assert.Equal(pieces.Select(piece => string.Join('.', piece.Item2)), template.References.Select(path => string.Join('.', path)));
            Assert.Equal(string.Concat(pieces.Select(piece => piece.Item1)), string.Concat(template.Parts.Select(part => part.Literal)));
        });

    [Fact]
    public void No_text_makes_parsing_fail_with_anything_but_a_FormatException() =>
        Gen.String[Gen.Char["{}a.b -"], 0, 20].Sample(text =>
        {
            try
            {
                Template.Parse(text);
            }
            catch (FormatException)
            {
                // The one error that callers expect.
            }
        });

    [Theory]
    [InlineData("a{b.c", "never closed")]
    [InlineData("a}b", "closes nothing")]
    [InlineData("{}", "no reference")]
    [InlineData("{name}", "no reference")]
    [InlineData("{a..b}", "no reference")]
    [InlineData("{a b.c}", "no reference")]
    public void A_brace_that_is_no_reference_is_an_error_that_says_how_to_write_it(string text, string expected)
    {
        var error = Assert.Throws<FormatException>(() => Template.Parse(text));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.Contains("for a literal brace", error.Message, StringComparison.Ordinal);
    }
}
