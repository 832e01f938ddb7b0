using System.Globalization;
using Topology.Claims.Lab;

namespace Topology.Claims.Checks;

/// <summary>One process per address and port.</summary>
public sealed class OnePortOneProcessClaim : Claim
{
    /// <inheritdoc />
    public override string Id => "one-port-one-process";

    /// <inheritdoc />
    public override string Sentence => "Without a proxy, two processes cannot share one address and port: Kestrel does not support it.";

    /// <inheritdoc />
    public override string Method =>
        "Started a second catalog process on the port of a running one, and another on a free port to rule out other causes.";

    /// <inheritdoc />
    public override async Task CheckAsync(ClaimLab lab, Evidence evidence, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(lab);
        ArgumentNullException.ThrowIfNull(evidence);
        var first = lab.Backends.First(backend => backend.Service() == "catalog");
        var address = lab.Own(first.Name);

        await using (var free = Start(lab, OwnService.FreePort()))
        {
            var exit = await free.StartedOrEndedAsync(cancellationToken);
            evidence.Expect(
                exit is null, exit is null ? "on a free port a second process of the catalog starts"
                : $"on a free port the second process ended with exit code {exit}");
        }

        await using var second = Start(lab, address.Port);
        var code = await second.StartedOrEndedAsync(cancellationToken);
        var error = second.Line("address already in use");
        var cause = second.Line("SocketException (");
        evidence.Expect(code is > 0 && error is not null, code is null
            ? $"on {address.Authority} the second process started"
            : $"on {address.Authority}, where process {first.Pid} listens, it ended with exit code {code}: "
                + $"{error ?? "its output does not mention the address"}{(cause is null ? "" : $" ({cause.TrimStart('-', '>', ' ')})")}");

        using var caller = lab.Call(address);
        var status = await caller.StatusAsync("/catalog/items/1", cancellationToken);
        evidence.Expect(status == 200, $"the first process still answers {status}");
    }

    private static OwnService Start(ClaimLab lab, int port) =>
        lab.Start("Catalog", ("Topology:Listeners:http", port.ToString(CultureInfo.InvariantCulture)));
}
