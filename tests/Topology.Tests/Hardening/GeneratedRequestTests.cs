using System.Text;
using CsCheck;

namespace Topology.Tests.Hardening;

/// <summary>Connections with generated requests: cases of the table, spliced, mutated, split into pieces and pipelined.</summary>
public sealed class GeneratedRequestTests(HardeningFixture fixture, ITestOutputHelper output)
{
    private const int Requests = 100_000;

    private static readonly string[] Seeds =
        [.. StrictnessCases.All.Where(@case => @case.Raw.Length < 1500 && !@case.HasNoBody).Select(@case => @case.Raw)];

    private static readonly string[] Words = [
        "\r\n", "\n", "\r", "\r\n\r\n", " ", "\t", "\0", ":", ";", ",", "#", "*", "%", "\u00ff", "0\r\n\r\n", "5\r\n",
            "Host: localhost\r\n", "Host: example.com\r\n", "Content-Length: 5\r\n",
        "Content-Length: 0\r\n", "Transfer-Encoding: chunked\r\n", "Transfer-Encoding: identity\r\n", "Connection: close\r\n",
            "Connection: Upgrade\r\n", "Upgrade: websocket\r\n", "Expect: 100-continue\r\n",
        " HTTP/1.1\r\n", "GET ", "POST ", "CONNECT ", "OPTIONS * ", "http://localhost", "X: y\r\n", "X: a\r\n b\r\n",
            "GET /catalog/x HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ];

    private static readonly Gen<Func<string, string>> Mutation = Gen.OneOf(
        Gen.Select(
            Gen.Double.Unit, Gen.Char['\0', '\u00ff'], (where, what) =>
            new Func<string, string>(text => text.Insert(At(text, where), what.ToString()))),
        Gen.Select(Gen.Double.Unit, OneOf(Words), (where, what) => new Func<string, string>(text => text.Insert(At(text, where), what))),
        Gen.Select(
            Gen.Double.Unit, Gen.Char['\0', '\u00ff'], (where, what) =>
            new Func<string, string>(text => text.Remove(At(text, where)) + what + text[Math.Min(text.Length, At(text, where) + 1)..])),
        Gen.Select(
            Gen.Double.Unit, Gen.Int[1, 8], (where, count) =>
            new Func<string, string>(text => text.Remove(At(text, where), Math.Min(count, text.Length - At(text, where))))),
        Gen.Select(
            Gen.Double.Unit, Gen.Double.Unit, (from, to) =>
            new Func<string, string>(text => text + text[Math.Min(At(text, from), At(text, to))..Math.Max(At(text, from), At(text, to))])),
        Gen.Select(
            Gen.Double.Unit, OneOf(Seeds), (where, other) =>
            new Func<string, string>(text => text.Remove(At(text, where)) + other[At(other, where)..])));

    private static readonly Gen<string> Request =
        Gen.Select(OneOf(Seeds), Mutation.Array[1, 3], (seed, mutations) => mutations.Aggregate(seed, (text, mutate) => mutate(text)));

    private static readonly Gen<string> LegalRequest = OneOf(
        [.. StrictnessCases.All.Where(@case => @case.IsLegal && @case.Raw.Length < 1500 && !@case.HasNoBody).Select(@case => @case.Raw)]);

    // Most generated requests end their connection, so each connection has only one or two, after legal requests from the table.
    private static readonly Gen<(string[] Legal, string[] Generated, double[] Cuts)> Connection = Gen.Select(
        LegalRequest.Array[0, 3], Request.Array[1, 2], Gen.Double.Unit.Array[0, 6], (legal, generated, cuts) => (legal, generated, cuts));

    [Fact]
    public async Task No_generated_request_breaks_the_listeners_or_is_forwarded_where_it_is_malformed()
    {
        var (sent, answered, legal, refused, forwarded, silent, stricter, unanswered) = (0, 0, 0, 0, 0, 0, 0, 0);
        foreach (var (name, url) in fixture.Exposures.Where(exposure => exposure.Url.Scheme == Uri.UriSchemeHttp))
        {
            var goal = sent + (Requests / 2);
            while (sent < goal)
            {
                await Connection.SampleAsync(
                    connection => CheckAsync(name, url, connection.Legal, connection.Generated, connection.Cuts), iter: 2_500, threads: 48);
            }
        }

        output.WriteLine(
            $"{sent} generated requests sent; with those of the table, {legal} were complete and legal before the first that was not; "
            + $"{answered} responses, {refused} refusals with close, {forwarded} recorded by the backend, {silent} connections that waited "
            + $"for more, {stricter} refusals of requests that the reference accepts, {unanswered} connections that ended before the last "
            + "legal response.");
        // The reference checks hosts and targets less strictly than the listeners. This detects a listener that refuses legal requests.
        Assert.True(stricter < legal / 100, $"{stricter} of {legal} legal requests are refused as malformed.");
        // If the server closes because of the next request, TCP may reset the connection and lose a response in flight.
        Assert.True(unanswered < legal / 1_000, $"{unanswered} connections ended before their last legal response.");

        async Task CheckAsync(string name, Uri url, string[] legalOnes, string[] generated, double[] cuts)
        {
            var id = Guid.NewGuid().ToString("N");
            var stream = string.Concat([.. legalOnes, .. generated]).Replace("{id}", id, StringComparison.Ordinal)
                + $"GET /catalog/next?probe-{id} HTTP/1.1\r\nHost: localhost\r\n\r\n";
            var (legalHere, hasHead) = ReferenceParser.Count(stream);
            Interlocked.Add(ref sent, generated.Length);
            Interlocked.Add(ref legal, legalHere);

            await using var connection = await RawConnection.OpenAsync(url);
            var bytes = Encoding.Latin1.GetBytes(stream);
            var start = 0;
            foreach (var cut in cuts.Select(cut => (int)(cut * bytes.Length)).Order())
            {
                await connection.SendAsync(bytes.AsMemory(start..cut));
                start = cut;
            }

            await connection.SendAsync(bytes.AsMemory(start));

            var answers = new List<RawAnswer>();
            var isFinished = false;
            while (true)
            {
                var next = connection.ReadAsync();
                if (!isFinished && await Task.WhenAny(next, Task.Delay(150)) != next)
                {
                    // The server correctly waits for the rest of a body that never arrives.
                    connection.Finish();
                    isFinished = true;
                    Interlocked.Increment(ref silent);
                }

                if (await next is not { } answer) break;
                answers.Add(answer);
                if (answer.Status == 101) return; // Another protocol follows.
                if (answer.Header("x-seen") == $"?probe-{id}") break;
            }

            Interlocked.Add(ref answered, answers.Count);
            var story = $"{name}: {legalHere} legal, answers {string.Join(' ', answers.Select(answer => answer.Status))}\n{stream}";
            Assert.True(answers.All(answer => answer.Status is >= 200 and < 500), story);
            Assert.True(answers.Count <= legalHere + 1, story);
            // Every complete legal request gets a response, unless the client timed out under load or the server was asked to close.
            var isClosedForAReason = isFinished
                || (answers is [.., { } last] && (last.Header("connection") == "close" || last.Status == 413));
            if (answers.Count < legalHere && !isClosedForAReason) Interlocked.Increment(ref unanswered);
            if (answers.Take(legalHere).Any(answer => answer.Status == 400 && answer.Header("connection") == "close"))
            {
                Interlocked.Increment(ref stricter);
            }
            if (answers.Count == legalHere + 1)
            {
                Interlocked.Increment(ref refused);
                // A request with a legal head may get a response (404, 405, 413) before its body arrives.
                Assert.True(hasHead || (answers[^1].Status == 400 && answers[^1].Header("connection") == "close"), story);
            }

            // The backend may still record aborted requests, but never complete ones.
            var whole = fixture.Recorder.Seen(id).Count(request => request.IsWhole);
            Interlocked.Add(ref forwarded, whole);
            Assert.True(whole <= legalHere, story);
        }
    }

    private static Gen<string> OneOf(string[] texts) => Gen.Int[0, texts.Length - 1].Select(index => texts[index]);

    private static int At(string text, double where) => (int)(where * text.Length);
}
