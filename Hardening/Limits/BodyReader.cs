using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Topology.Hardening.Limits;

/// <summary>
/// A request body that keeps the original error of a failed read. If an HTTP/2 body is too large, Kestrel throws in
/// <see cref="AdvanceTo(SequencePosition)"/>. System.Text.Json then advances again to clean up, and Kestrel's own reader throws a second
/// exception that hides the first: the client's mistake would look like a server error.
/// </summary>
internal sealed class BodyReader(PipeReader body) : PipeReader, IRequestBodyPipeFeature
{
    private bool _isTooLarge;

    public PipeReader Reader => this;

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        if (_isTooLarge) return;
        try
        {
            body.AdvanceTo(consumed, examined);
        }
        catch (BadHttpRequestException)
        {
            _isTooLarge = true;
            throw;
        }
    }

    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default) => body.ReadAsync(cancellationToken);

    public override bool TryRead(out ReadResult result) => body.TryRead(out result);

    public override void CancelPendingRead() => body.CancelPendingRead();

    public override void Complete(Exception? exception = null) => body.Complete(exception);
}
