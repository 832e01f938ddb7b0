using System.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Hosting;

namespace Topology.Hardening.Refusals;

/// <summary>
/// Records requests that Kestrel refuses before the pipeline runs: those whose syntax the strict parser or Kestrel's own parser rejects,
/// and those of clients that are too slow.
/// </summary>
internal sealed class ServerRefusals(DiagnosticListener diagnostics, RequestRefusals refusals)
    : IHostedService, IObserver<KeyValuePair<string, object?>>
{
    private const string BadRequest = "Microsoft.AspNetCore.Server.Kestrel.BadRequest";

    private IDisposable? _subscription;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        _subscription = diagnostics.Subscribe(this, static (name, _, _) => name == BadRequest);
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken)
    {
        _subscription?.Dispose();
        return Task.CompletedTask;
    }

    public void OnNext(KeyValuePair<string, object?> value)
    {
        if (value is not { Key: BadRequest, Value: IFeatureCollection features }
            || features.Get<IBadRequestExceptionFeature>()?.Error is not BadHttpRequestException error)
        {
            return;
        }
        refusals.Note(features, error.StatusCode, error.StatusCode switch
        {
            StatusCodes.Status408RequestTimeout => "slow",
            StatusCodes.Status413PayloadTooLarge => "body",
            StatusCodes.Status414UriTooLong or StatusCodes.Status431RequestHeaderFieldsTooLarge => "head",
            _ => "syntax",
        }, error.Message);
    }

    public void OnCompleted()
    {
    }

    public void OnError(Exception error)
    {
    }
}
