using System.IO.Hashing;
using System.Text.Json;

namespace Topology.Comparison.Workloads;

/// <summary>A small read: the workload that shows a proxy's own latency best.</summary>
public sealed class CatalogWorkload : Workload
{
    /// <inheritdoc />
    public override string Name => "catalog";

    /// <inheritdoc />
    public override string Description => "GET an item, half a kilobyte of JSON";

    /// <inheritdoc />
    public override string Service => "catalog";

    /// <inheritdoc />
    public override int Variants => 64;

    /// <inheritdoc />
    public override WorkloadRequest Create(int variant) => new("GET", $"/catalog/items/{1 + variant * 61 % 4096}");
}

/// <summary>A durable write with an idempotency key. The service calls the catalog for prices.</summary>
public sealed class OrdersWorkload : Workload
{
    /// <inheritdoc />
    public override string Name => "orders";

    /// <inheritdoc />
    public override string Description => "POST an order of two lines with a new idempotency key";

    /// <inheritdoc />
    public override string Service => "orders";

    /// <inheritdoc />
    public override bool IsKeyed => true;

    /// <inheritdoc />
    public override int ExpectedStatus => 201;

    /// <inheritdoc />
    public override int Variants => 16;

    /// <inheritdoc />
    public override WorkloadRequest Create(int variant) => new(
        "POST", "/orders",
        JsonSerializer.SerializeToUtf8Bytes(new
        {
            lines = new[] { new { itemId = 1 + variant, quantity = 1 + variant % 3 }, new { itemId = 2048 + variant, quantity = 2 } },
        }),
        "application/json");

    /// <summary>The digest of an order without its <c>id</c>, <c>sequence</c> and <c>createdAt</c>.</summary>
    public override ulong Digest(ReadOnlySpan<byte> body)
    {
        var hash = new XxHash3();
        var json = new Utf8JsonReader(body);
        while (json.Read())
        {
            if (json.TokenType == JsonTokenType.PropertyName && json.CurrentDepth == 1 && DiffersByDesign(ref json))
            {
                json.Skip();
                continue;
            }

            hash.Append([(byte)json.TokenType]);
            hash.Append(json.ValueSpan);
        }

        return hash.GetCurrentHashAsUInt64();
    }

    /// <summary>The order's id, to find it in the store; null if the response is not an order.</summary>
    public static Guid? OrderId(ReadOnlySpan<byte> body)
    {
        try
        {
            var json = new Utf8JsonReader(body);
            while (json.Read())
            {
                if (json.TokenType != JsonTokenType.PropertyName || json.CurrentDepth != 1 || !json.ValueTextEquals("id"u8)) continue;
                return json.Read() && json.TryGetGuid(out var id) ? id : null;
            }
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            // Not JSON, or the id is not a string: not an order.
        }

        return null;
    }

    private static bool DiffersByDesign(ref Utf8JsonReader json) =>
        json.ValueTextEquals("id"u8) || json.ValueTextEquals("sequence"u8) || json.ValueTextEquals("createdAt"u8);
}

/// <summary>A download of 1 MiB.</summary>
public sealed class MediaDownloadWorkload : Workload
{
    internal const int Bytes = 1 << 20;

    /// <inheritdoc />
    public override string Name => "media-download";

    /// <inheritdoc />
    public override string Description => "GET 1 MiB";

    /// <inheritdoc />
    public override string Service => "media";

    /// <inheritdoc />
    public override int PayloadBytes => Bytes;

    /// <inheritdoc />
    public override WorkloadRequest Create(int variant) => new("GET", $"/media/{Bytes}");
}

/// <summary>An upload of 1 MiB. The response has its length and SHA-256.</summary>
public sealed class MediaUploadWorkload : Workload
{
    private static readonly byte[] Content = MakeContent();

    /// <inheritdoc />
    public override string Name => "media-upload";

    /// <inheritdoc />
    public override string Description => "POST 1 MiB; the response has its SHA-256";

    /// <inheritdoc />
    public override string Service => "media";

    /// <inheritdoc />
    public override int PayloadBytes => MediaDownloadWorkload.Bytes;

    /// <inheritdoc />
    public override WorkloadRequest Create(int variant) => new("POST", "/media", Content, "application/octet-stream");

    private static byte[] MakeContent()
    {
        var content = new byte[MediaDownloadWorkload.Bytes];
#pragma warning disable CA5394 // Test data that does not compress; the seed makes it the same everywhere.
        new Random(20).NextBytes(content);
#pragma warning restore CA5394
        return content;
    }
}
