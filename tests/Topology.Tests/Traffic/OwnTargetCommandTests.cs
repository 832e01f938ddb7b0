using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Topology.Tests.Infrastructure;

namespace Topology.Tests.Traffic;

/// <summary><c>compare --target</c> as users start it, in its own process.</summary>
public sealed class OwnTargetCommandTests
{
    private const string Two = "--target a=http://127.0.0.1:1 --target b=http://127.0.0.1:2";

    [Theory]
    [InlineData("--target a=http://127.0.0.1:1 --get /", "nothing to compare")]
    [InlineData("--target a=http://127.0.0.1:1 --target a=http://127.0.0.1:2 --get /", "named a")]
    [InlineData("--target http://127.0.0.1:1 --get /", "NAME=URL")]
    [InlineData("--target Edge=http://127.0.0.1:1 --get /", "\"Edge\"")]
    [InlineData("--target generator=http://127.0.0.1:1 --get /", "\"generator\"")]
    [InlineData("--target a=ftp://127.0.0.1 --get /", "http://")]
    [InlineData("--target a=127.0.0.1:80 --get /", "http://")]
    [InlineData("--target a=http://me:secret@127.0.0.1 --get /", "--header")]
    [InlineData("--target a=http://127.0.0.1/?x=1 --get /", "--get")]
    [InlineData(Two, "--get")]
    [InlineData(Two + " --method GET", "--path")]
    [InlineData(Two + " --get / --method HEAD", "leave it out")]
    [InlineData(Two + " --get items", "begin with /")]
    [InlineData(Two + " --path / --method get", "\"get\"")]
    [InlineData(Two + " --get / --header X", "'Name: value'")]
    [InlineData(Two + " --get / --header Content-Length:1", "Content-Length")]
    [InlineData(Two + " --get / --header Host:a@b:c", "not a host")]
    [InlineData(Two + " --path / --body no-such-file", "no-such-file of --body")]
    [InlineData(Two + " --get / --expect 99", "--expect")]
    [InlineData(Two + " --get / --cacert no-such-file", "no-such-file of --cacert")]
    [InlineData(Two + " --get / --workload orders", "--workload")]
    [InlineData(Two + " --get / --paths direct,edge", "--paths")]
    [InlineData(Two + " --get / --attach", "--attach")]
    [InlineData(Two + " --get / --protocol http2", "https://")]
    [InlineData(Two + " --target c=http://192.0.2.1 --get / --rate 101", "--i-own-this")]
    [InlineData(Two + " --target c=http://192.0.2.1 --get / --closed-loop", "--i-own-this")]
    [InlineData(Two + " --target c=http://192.0.2.1 --get / --sweep 50..200", "--i-own-this")]
    [InlineData(Two + " --get / --fail-if edge.p50>1ms", "use a, b")]
    [InlineData("--get /", "--target")]
    [InlineData("--insecure", "--target")]
    public async Task A_bad_argument_is_one_line_that_says_what_to_change_and_exit_status_2(string arguments, string said)
    {
        var (status, output, error) = await CompareAsync(arguments.Split(' '));
        Assert.Equal((2, ""), (status, output));
        Assert.Contains(said, Assert.Single(error.Split('\n', StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_target_that_does_not_answer_as_expected_is_one_line_and_exit_status_1()
    {
        await using var good = await TestServer.EchoAsync();
        await using var bad = await TestServer.StartAsync(context =>
        {
            context.Response.StatusCode = StatusCodes.Status502BadGateway;
            return Task.CompletedTask;
        });
        var (status, output, error) = await CompareAsync("--target", $"direct={good.Url}", "--target", $"edge={bad.Url}", "--get", "/");
        Assert.Equal((1, ""), (status, output));
        Assert.Contains("status 502", Assert.Single(error.Split('\n', StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Own_targets_are_compared_into_a_table_and_every_kind_of_file()
    {
        using var certificate = TestCertificate.Create();
        await using var direct = await TestServer.StartAsync(context => TestServer.WriteAsync(context, "same"), certificate);
        await using var edge = await TestServer.StartAsync(context => TestServer.WriteAsync(context, "other"));
        var folder = Directory.CreateTempSubdirectory("topology-own-").FullName;
        string In(string name) => Path.Combine(folder, name);
        await File.WriteAllTextAsync(In("ca.pem"), certificate.ExportCertificatePem(), TestContext.Current.CancellationToken);
        string[] arguments = ["--target", $"direct={direct.Url}", "--target", $"edge={edge.Url}", "--get", "/items/1,2", "--duration", "1"];

        var (refused, _, distrusted) = await CompareAsync(arguments);
        Assert.Equal(1, refused);
        Assert.Contains("--cacert FILE", distrusted, StringComparison.Ordinal);

        var (status, output, error) = await CompareAsync(
            [.. arguments, "--cacert", In("ca.pem"), "--json", In("r.json"), "--csv", In("r.csv"), "--report", In("r.html"),
                "--markdown", In("r.md")]);
        Assert.True(status is 0 or 3, error); // 3 on a busy machine.
        Assert.Matches(@"\[(solid|p50 only|run again)\] The edge", output);
        Assert.Contains("edge answers differently from direct: a body of 5 bytes instead of 4.", output, StringComparison.Ordinal);
        Assert.Contains("CPU per request is known only of the generator", output, StringComparison.Ordinal);
        Assert.Contains("over TLS on some paths", output, StringComparison.Ordinal);

        using var json = JsonDocument.Parse(await File.ReadAllTextAsync(In("r.json"), TestContext.Current.CancellationToken));
        Assert.Equal("GET /items/1,2", json.RootElement.GetProperty("workload").GetString());
        Assert.Equal(
            ["direct", "edge"],
            json.RootElement.GetProperty("paths").EnumerateArray().Select(path => path.GetProperty("path").GetString()));
        Assert.Equal(edge.Url.ToString(), json.RootElement.GetProperty("paths")[1].GetProperty("url").GetString());
        foreach (var (file, expected) in ((string, string)[])[
            ("r.csv", "\n\"GET /items/1,2\",False,"), ("r.html", "class=\"line s1\""), ("r.md", "| edge |")])
        {
            Assert.Contains(
                expected, await File.ReadAllTextAsync(In(file), TestContext.Current.CancellationToken), StringComparison.Ordinal);
        }

        var (insecure, _, problem) = await CompareAsync([.. arguments, "--insecure"]);
        Assert.True(insecure is 0 or 3, problem);
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task An_exceeded_limit_ends_with_status_1_after_everything_is_written()
    {
        await using var direct = await TestServer.EchoAsync();
        var asked = 0;
        await using var edge = await TestServer.StartAsync(context =>
        {
            // Good until the checks are over.
            if (Interlocked.Increment(ref asked) > 2) context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            return TestServer.WriteAsync(context, context.Request.Path);
        });
        var file = Path.GetTempFileName();
        string[] arguments = [
            "--target", $"direct={direct.Url}", "--target", $"edge={edge.Url}", "--get", "/", "--duration", "1", "--json", file,
            "--delay", "1ms"];
        var (status, output, error) = await CompareAsync([.. arguments, "--fail-if", "edge.p50 > 1s", "--fail-if", "errors > 0"]);
        Assert.True(status == 1, error);
        Assert.Contains("Failed: --fail-if 'errors > 0'; it is 30.", output, StringComparison.Ordinal); // Three blocks of ten.
        Assert.Contains("Not decided: --fail-if 'edge.p50 > 1s'", output, StringComparison.Ordinal);
        Assert.Contains("behind an emulated network of 1 ms", output, StringComparison.Ordinal);
        using var json = JsonDocument.Parse(await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken));
        Assert.Equal(
            [JsonValueKind.Null, JsonValueKind.True],
            json.RootElement.GetProperty("thresholds").EnumerateArray().Select(outcome => outcome.GetProperty("exceeded").ValueKind));

        // What the measurement does not tell is not passed.
        asked = 0;
        (status, _, error) = await CompareAsync([.. arguments, "--fail-if", "edge.p50 > 1s"]);
        Assert.True(status == 3, error);
        File.Delete(file);
    }

    [Fact]
    public async Task A_sweep_reports_each_step_and_where_each_target_bends()
    {
        await using var direct = await TestServer.EchoAsync();
        await using var edge = await TestServer.EchoAsync();
        var file = Path.GetTempFileName();
        var (status, output, error) = await CompareAsync(
            "--target", $"direct={direct.Url}", "--target", $"edge={edge.Url}", "--get", "/", "--sweep", "20..40", "--duration", "1",
            "--json", file);
        Assert.True(status is 0 or 3, error); // 3 on a busy machine.
        Assert.Matches("edge (does not bend up to|bends at|bends is not known)", output);
        using var json = JsonDocument.Parse(await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken));
        Assert.Equal(
            ["direct", "edge"],
            json.RootElement.GetProperty("bends").EnumerateArray().Select(bend => bend.GetProperty("path").GetString()));
        Assert.Equal(20, json.RootElement.GetProperty("steps")[0].GetProperty("rate").GetDouble());
        File.Delete(file);
    }

    private static Task<(int Status, string Output, string Error)> CompareAsync(params string[] arguments) =>
        TrafficCommand.RunAsync(null, ["compare", .. arguments]);
}
