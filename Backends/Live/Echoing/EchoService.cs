using Grpc.Core;
using Topology.Hardening.Limits;
using Topology.Live.V1;
using Topology.ServiceDefaults.Paths;

namespace Topology.Live.Echoing;

/// <summary>The gRPC service <c>topology.live.v1.Echo</c>.</summary>
internal sealed class EchoService : Echo.EchoBase
{
    public override Task<EchoMessage> Unary(EchoMessage request, ServerCallContext context) => Task.FromResult(request);

    public override async Task Bidirectional(
        IAsyncStreamReader<EchoMessage> requestStream, IServerStreamWriter<EchoMessage> responseStream, ServerCallContext context)
    {
        await foreach (var message in requestStream.ReadAllAsync(context.CancellationToken))
        {
            await responseStream.WriteAsync(message, context.CancellationToken);
        }
    }
}

internal static class EchoServiceExtensions
{
    public static void MapEchoService(this IEndpointRouteBuilder endpoints) =>
        endpoints.MapGrpcService<EchoService>().WithWorkload("grpc").WithLimits(new() { Kind = RouteKind.Messages });
}
