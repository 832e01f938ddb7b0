using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Topology.AppHost.Lab;

namespace Topology.AppHost.Commands;

/// <summary>The dashboard commands of <c>traffic</c>. Traffic does the work and the dashboard shows the result.</summary>
internal static class TrafficCommands
{
    /// <summary>Traffic's workload names, in display order.</summary>
    internal static readonly string[] Workloads = ["catalog", "orders", "media-download", "media-upload", "events", "socket", "grpc"];

    // The user chooses how long a comparison takes and can cancel it.
    private static readonly HttpClient Client = new(new SocketsHttpHandler { UseProxy = false }) { Timeout = Timeout.InfiniteTimeSpan };

    /// <summary>Measures edge-direct against the proxied paths.</summary>
    public static IResourceBuilder<ProjectResource> WithCompareCommand(this IResourceBuilder<ProjectResource> traffic) =>
        traffic.WithCommand(
            "compare", "Compare paths",
            context => PostAsync(traffic, "/comparisons", Comparison(context.Arguments), "The comparison is complete.", context),
            new CommandOptions
            {
                Description = "Sends the same requests edge-direct and through each proxy. Shows the differences with their intervals.",
                IconName = "TopSpeed",
                IsHighlighted = true,
                Progress = new CommandProgressOptions { Message = "Comparing paths. Keep the machine otherwise idle." },
                Arguments = [
                    new InteractionInput
                    {
                        Name = "workload", Label = "Workload", InputType = InputType.Choice, Value = Workloads[0],
                        Options = [.. Workloads.Select(workload => KeyValuePair.Create(workload, workload))],
                    },
                    new InteractionInput
                    {
                        Name = "paths", Label = "Paths", InputType = InputType.Text, Placeholder = "direct,edge,edge-tls",
                        Description = "Separated by commas; the first is the baseline. Empty: all running paths.",
                    },
                    new InteractionInput { Name = "rate", Label = "Requests per second", InputType = InputType.Number, Value = "500" },
                    new InteractionInput { Name = "duration", Label = "Seconds per path", InputType = InputType.Number, Value = "10" },
                    new InteractionInput { Name = "tls", Label = "Use HTTPS listeners", InputType = InputType.Boolean, Value = "false" },
                ],
            });

    /// <summary>Tests every published statement about Kestrel with and without a reverse proxy.</summary>
    public static IResourceBuilder<ProjectResource> WithClaimsCommand(this IResourceBuilder<ProjectResource> traffic) =>
        traffic.WithCommand(
            "claims", "Check claims",
            context => PostAsync(traffic, "/claims", new { }, "The check is complete.", context),
            new CommandOptions
            {
                Description = "Tests published statements against the running topology. Kills one catalog replica in the process.",
                IconName = "CheckmarkCircle",
                IsHighlighted = true,
                Progress = new CommandProgressOptions { Message = "Checking claims. This takes about a minute." },
            });

    private static object Comparison(InteractionInputCollection arguments) => new
    {
        workload = arguments.GetString("workload"),
        paths = (arguments.GetString("paths") ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries),
        rate = Number(arguments, "rate"),
        durationSeconds = Number(arguments, "duration"),
        tls = arguments.GetString("tls") is { } tls && bool.Parse(tls),
    };

    private static double? Number(InteractionInputCollection arguments, string name) =>
        double.TryParse(arguments.GetString(name), CultureInfo.InvariantCulture, out var number) ? number : null;

    private static async Task<ExecuteCommandResult> PostAsync(
        IResourceBuilder<ProjectResource> traffic, string path, object body, string done, ExecuteCommandContext context)
    {
        try
        {
            using var response =
                await Client.PostAsJsonAsync(traffic.GetEndpoint(Listeners.Management).Url + path, body, context.CancellationToken);
            var text = await response.Content.ReadAsStringAsync(context.CancellationToken);
            return response.StatusCode == HttpStatusCode.OK
                ? CommandResults.Success(done, text, CommandResultFormat.Markdown, displayImmediately: true)
                : CommandResults.Failure(Detail(text) ?? $"traffic responded with status {(int)response.StatusCode}.");
        }
        catch (OperationCanceledException) when (context.CancellationToken.IsCancellationRequested)
        {
            return CommandResults.Canceled();
        }
        catch (HttpRequestException exception)
        {
            return CommandResults.Failure($"traffic is unreachable ({exception.Message}); wait until it is healthy.");
        }
    }

    /// <summary>The detail of a problem document, which says what to change.</summary>
    private static string? Detail(string text)
    {
        try
        {
            return JsonSerializer.Deserialize<JsonElement>(text).GetProperty("detail").GetString();
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return null;
        }
    }
}
