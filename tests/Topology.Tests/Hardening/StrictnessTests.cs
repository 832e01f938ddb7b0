namespace Topology.Tests.Hardening;

public sealed class StrictnessTests(HardeningFixture fixture, ITestOutputHelper output)
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public static TheoryData<string> Refused => [.. StrictnessCases.All.Where(@case => !@case.IsLegal).Select(@case => @case.Name)];

    /// <summary>The refused requests without the long ones, which take long byte by byte and test nothing new.</summary>
    public static TheoryData<string> ShortRefused =>
        [.. StrictnessCases.All.Where(@case => @case is { IsLegal: false, Raw.Length: <= 1000 }).Select(@case => @case.Name)];

    public static TheoryData<string> Legal => [.. StrictnessCases.All.Where(@case => @case.IsLegal).Select(@case => @case.Name)];

    [Fact]
    public void There_are_enough_cases_and_each_has_its_own_name()
    {
        Assert.True(StrictnessCases.All.Count >= 150);
        Assert.Empty(StrictnessCases.All.GroupBy(@case => @case.Name).Where(group => group.Count() > 1).Select(group => group.Key));
    }

    [Theory]
    [MemberData(nameof(Refused))]
    public async Task What_breaks_the_grammar_gets_400_and_close_and_is_not_forwarded(string name)
    {
        var @case = Find(name);
        foreach (var (exposure, url) in fixture.Exposures)
        {
            var id = Guid.NewGuid().ToString("N");
            await using var connection = await RawConnection.OpenAsync(url, Cancelled);
            // A second request follows immediately. However the server reads the first one, it must not reach the second.
            await connection.SendAsync(Fill(@case.Raw, id) + Probe(id), Cancelled);
            var answer = await connection.ReadAsync();
            Assert.True(answer is not null, $"{exposure}: closed without a response.");
            Assert.True(answer.Status == 400, $"{exposure}: {answer.Status} {answer.Body}");
            Assert.Equal("close", answer.Header("connection"));
            Assert.True(await connection.IsClosedAsync(), $"{exposure}: the connection stays open.");
            // A request that arrives in parts may be forwarded up to the error, but never as a whole request.
            if (@case.Raw.Length > 4096) Assert.DoesNotContain(fixture.Recorder.Seen(id), request => request.IsWhole);
            else Assert.Empty(fixture.Recorder.Seen(id));
        }
    }

    [Theory]
    [MemberData(nameof(Legal))]
    public async Task What_is_legal_passes_and_the_next_request_is_read_where_it_starts(string name)
    {
        var @case = Find(name);
        foreach (var (exposure, url) in fixture.Exposures)
        {
            var id = Guid.NewGuid().ToString("N");
            await using var connection = await RawConnection.OpenAsync(url, Cancelled);
            await connection.SendAsync(Fill(@case.Raw, id) + Probe(id), Cancelled);
            var answer = await connection.ReadAsync(@case.HasNoBody);
            Assert.True(answer?.Status == @case.Status, $"{exposure}: {answer?.Status} {answer?.Body}");
            var next = await connection.ReadAsync();
            Assert.True(
                next?.Status == 200 && next.Header("x-seen") == $"?probe-{id}",
                $"{exposure}: the next request got {next?.Status} {next?.Body}");
            Assert.All(fixture.Recorder.Seen(id), request => Assert.True(request.IsWhole));
            Assert.Equal(@case.Status == 204 ? 1 : 2, fixture.Recorder.Seen(id).Count);
        }
    }

    [Theory]
    [MemberData(nameof(ShortRefused))]
    public async Task It_is_refused_also_when_it_comes_byte_by_byte(string name)
    {
        var @case = Find(name);
        var id = Guid.NewGuid().ToString("N");
        await using var connection = await RawConnection.OpenAsync(fixture.Edge.Url("http"), Cancelled);
        foreach (var value in Fill(@case.Raw, id) + Probe(id))
        {
            await connection.SendAsync(value.ToString(), Cancelled);
        }

        var answer = await connection.ReadAsync();
        Assert.Equal((400, "close"), (answer?.Status, answer?.Header("connection")));
        Assert.True(await connection.IsClosedAsync());
        // The beginning of a body may be forwarded before the rest breaks a rule, but never as a whole request.
        Assert.DoesNotContain(fixture.Recorder.Seen(id), request => request.IsWhole);
    }

    /// <summary>Kestrel consumes some bytes before their line is complete. Packet boundaries must not change what is refused.</summary>
    [Theory]
    [InlineData(400, "\r", "{get}")]
    [InlineData(400, "{get}", "\r", "{get}")]
    [InlineData(200, "\r", "\n", "{get}")]
    [InlineData(200, "\r\n{get}")]
    [InlineData(400, "\r", "\n", "\r", "\n", "{get}")]
    [InlineData(200, "{post}5;x", "=y\r", "\nhello\r\n0\r\n\r\n")]
    [InlineData(200, "{post}5;", "x\r\nhel", "lo\r\n0;", "x=\"", "y\"\r\n\r\n")]
    [InlineData(400, "{post}5;", "\r\nhello\r\n0\r\n\r\n")]
    [InlineData(400, "{post}5;x", "\nhello\r\n0\r\n\r\n")]
    [InlineData(400, "{post}5;x", "\u0001\r\nhello\r\n0\r\n\r\n")]
    public async Task It_is_the_same_wherever_packets_end(int expected, params string[] parts)
    {
        var id = Guid.NewGuid().ToString("N");
        await using var connection = await RawConnection.OpenAsync(fixture.Edge.Url("http"), Cancelled);
        var answers = 0;
        foreach (var part in parts)
        {
            await connection.SendAsync(part
                .Replace("{get}", $"GET /catalog/{id} HTTP/1.1\r\nHost: localhost\r\n\r\n", StringComparison.Ordinal)
                .Replace(
                    "{post}", $"POST /orders/{id} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n",
                    StringComparison.Ordinal), Cancelled);
            // Gives the server time to consume the bytes sent so far.
            await Task.Delay(50, Cancelled);
            if (part == "{get}" && ++answers < parts.Count(other => other == "{get}"))
            {
                Assert.Equal(200, (await connection.ReadAsync())?.Status);
            }
        }

        Assert.Equal(expected, (await connection.ReadAsync())?.Status);
    }

    /// <summary>Only the first chunk shows whether there is a body, and it may arrive long after the head.</summary>
    [Theory]
    [InlineData(413, "5\r\nhello\r\n0\r\n\r\n")]
    [InlineData(200, "0\r\n\r\n")]
    public async Task A_route_that_takes_no_body_waits_for_its_end_before_the_backend_hears_of_it(int expected, string body)
    {
        foreach (var (exposure, url) in fixture.Exposures.Where(exposure => exposure.Name.StartsWith("edge", StringComparison.Ordinal)))
        {
            var id = Guid.NewGuid().ToString("N");
            await using var connection = await RawConnection.OpenAsync(url, Cancelled);
            await connection.SendAsync($"GET /catalog/{id} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n", Cancelled);
            await Task.Delay(150, Cancelled);
            Assert.Empty(fixture.Recorder.Seen(id));
            await connection.SendAsync(body, Cancelled);
            Assert.Equal((exposure, (int?)expected), (exposure, (await connection.ReadAsync())?.Status));
            Assert.Equal(expected == 200 ? 1 : 0, fixture.Recorder.Seen(id).Count);
        }
    }

    [Fact]
    public async Task Without_the_scanner_the_server_itself_lets_some_of_it_pass()
    {
        await using var lenient = await Recorder.StartAsync([(Topology.Hardening.Strictness.StrictHttp1.Key, "false")]);
        var refused = StrictnessCases.All.Where(@case => !@case.IsLegal).ToList();
        var outcomes = await Task.WhenAll(refused.Select(async @case =>
        {
            await using var connection = await RawConnection.OpenAsync(lenient.Url("http"), Cancelled);
            await connection.SendAsync(Fill(@case.Raw, Guid.NewGuid().ToString("N")), Cancelled);
            try
            {
                var answer = await connection.ReadAsync().WaitAsync(TimeSpan.FromSeconds(3), Cancelled);
                return (@case.Name, Outcome: answer is { Status: 400 } && answer.Header("connection") == "close" ? null
                    : $"{answer?.Status}");
            }
            catch (TimeoutException)
            {
                return (@case.Name, Outcome: "waits");
            }
        }));
        var passed = outcomes.Where(outcome => outcome.Outcome is not null).OrderBy(outcome => outcome.Outcome).ToList();
        output.WriteLine($"{passed.Count} of {refused.Count}:\n{string.Join('\n', passed)}");
        Assert.Contains(passed, outcome => outcome.Outcome == "200");
    }

    private static StrictnessCase Find(string name) => StrictnessCases.All.First(@case => @case.Name == name);

    private static string Fill(string raw, string id) => raw.Replace("{id}", id, StringComparison.Ordinal);

    private static string Probe(string id) => $"GET /catalog/next?probe-{id} HTTP/1.1\r\nHost: localhost\r\n\r\n";
}
