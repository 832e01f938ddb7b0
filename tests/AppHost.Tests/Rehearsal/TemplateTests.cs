using CsCheck;
using Topology.AppHost.Rehearsal;

namespace Topology.AppHost.Tests.Rehearsal;

public sealed class TemplateTests
{
    private static readonly Gen<string> Step = Gen.Char["abzAZ09-_"].Array[1, 8].Select(chars => new string(chars));

    [Fact]
    public void Any_text_survives_when_its_braces_are_written_twice() =>
        Gen.String[Gen.Char["{}ab.- \"é"], 0, 40].Sample(
            text => string.Concat(Template.Parse(Escape(text)).Select(part => part.Literal)) == text);

    [Fact]
    public void References_are_found_in_order_between_any_text() =>
        Gen.Select(Gen.String[Gen.Char["{}ab "], 0, 8], Step.Array[2, 4]).Array[1, 6].Sample(pieces =>
        {
            var text = string.Concat(pieces.Select(piece => $"{Escape(piece.Item1)}{{{string.Join('.', piece.Item2)}}}"));

            var parts = Template.Parse(text);

            Assert.Equal(
                pieces.Select(piece => string.Join('.', piece.Item2)),
                parts.Where(part => part.IsReference).Select(part => string.Join('.', part.Path)));
            Assert.Equal(string.Concat(pieces.Select(piece => piece.Item1)), string.Concat(parts.Select(part => part.Literal)));
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
    [InlineData("a{b.c", 1)]
    [InlineData("a}b", 1)]
    [InlineData("{}", 0)]
    [InlineData("{name}", 0)]
    [InlineData("ab{a..b}", 2)]
    [InlineData("{{{a b.c}", 2)]
    public void A_brace_that_is_no_reference_is_an_error_that_says_where_and_how_to_write_it(string text, int position)
    {
        var error = Assert.Throws<FormatException>(() => Template.Parse(text));
        Assert.Contains($"at position {position} ", error.Message, StringComparison.Ordinal);
        Assert.Contains("write it twice for a literal brace", error.Message, StringComparison.Ordinal);
    }

    private static string Escape(string literal) =>
        literal.Replace("{", "{{", StringComparison.Ordinal).Replace("}", "}}", StringComparison.Ordinal);
}
