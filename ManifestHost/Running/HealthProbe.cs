using System.Net;
using System.Net.Sockets;
using Topology.ManifestHost.Manifests;

namespace Topology.ManifestHost.Running;

/// <summary>Says when a resource is up: <c>GET /health</c> for projects, a connection for other listeners, survival for the rest.</summary>
internal static class HealthProbe
{
    private static readonly TimeSpan Survival = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);
    private static readonly string[] Preferred = ["internal", "internal-h2", "http"];

    // A proxy that the environment names must not see, and cannot answer, what is asked of this machine.
    private static readonly HttpClient Client = new(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false }) { Timeout = TimeSpan.FromSeconds(5) };

    /// <summary>Returns once the resource is up. It reports why not, as often as it has looked.</summary>
    public static async Task WaitAsync(ProcessResource resource, Func<Binding, int> port, Action<string> report, CancellationToken cancellation)
    {
        if (resource.Bindings.Count == 0)
        {
            report($"it has not survived {Survival.TotalMilliseconds:0} ms");
            await Task.Delay(Survival, cancellation);
            return;
        }

        var http = resource is ProjectResource ? Preferred.Select(resource.Bindings.GetValueOrDefault).FirstOrDefault(binding => binding?.Scheme == "http") : null;
        var binding = http ?? resource.Bindings.Values.First();
        var up = (http, binding.Protocol) switch
        {
            (not null, _) => WaitForHealthAsync(http.Transport == "http2", $"{ValueResolver.Url(http, port(http))}/health", report, cancellation),
            (_, "udp") => Task.Delay(Survival, cancellation),
            _ => WaitForConnectionAsync(port(binding), report, cancellation),
        };
        await up;
    }

    /// <summary>Returns once <paramref name="url"/> answers 200.</summary>
    /// <param name="http2">HTTP/2 without TLS and without upgrade (prior knowledge).</param>
    public static Task WaitForHealthAsync(bool http2, string url, Action<string> report, CancellationToken cancellation) => UntilAsync(async () =>
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, url)
        {
            Version = http2 ? HttpVersion.Version20 : HttpVersion.Version11,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        using var response = await Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
        if (response.StatusCode == HttpStatusCode.OK)
            return true;
        report($"GET {url} answers {(int)response.StatusCode}");
        return false;
    }, url, report, cancellation);

    private static Task WaitForConnectionAsync(int port, Action<string> report, CancellationToken cancellation) => UntilAsync(async () =>
    {
        using var client = new TcpClient();
        await client.ConnectAsync(ValueResolver.Host, port, cancellation);
        return true;
    }, $"port {port}", report, cancellation);

    private static async Task UntilAsync(Func<Task<bool>> isUp, string what, Action<string> report, CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                if (await isUp())
                    return;
            }
            catch (Exception e) when (e is HttpRequestException or SocketException || (e is OperationCanceledException && !cancellation.IsCancellationRequested))
            {
                report($"{what} does not answer ({(e is OperationCanceledException ? "no answer within 5 s" : e.Message)})");
            }
            await Task.Delay(Interval, cancellation);
        }
    }
}
