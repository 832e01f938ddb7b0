using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.IO.Hashing;
using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Net.Http.Headers;
using Topology.Hardening.Limits;
using Topology.ServiceDefaults.Paths;

namespace Topology.Catalog.Items;

internal static class ItemEndpoints
{
    public static void MapItems(this IEndpointRouteBuilder endpoints)
    {
        var items = endpoints.MapGroup("/catalog/items").WithWorkload("catalog").WithLimits(
            new() { BodyBytes = 0, Timeout = TimeSpan.FromSeconds(10) });
        items.MapMethods("/", [HttpMethods.Get, HttpMethods.Head], List);
        items.MapMethods("/{id:int}", [HttpMethods.Get, HttpMethods.Head], Get);
    }

    private static ItemPage List(ItemStore store, [Range(1, int.MaxValue)] int page = 1, [Range(1, 100)] int size = 20) =>
        store.List(page, size);

    private static Results<FileContentHttpResult, ProblemHttpResult> Get(int id, ItemStore store)
    {
        if (store.Find(id) is not { } item)
        {
            return TypedResults.Problem(
                $"There is no item {id}; ids run from 1 to {ItemStore.Count}.", statusCode: StatusCodes.Status404NotFound);
        }

        var body = JsonSerializer.SerializeToUtf8Bytes(item, CatalogJson.Default.Item);
        var tag = XxHash3.HashToUInt64(body).ToString("x16", CultureInfo.InvariantCulture);
        // The entity tag enables 304 for If-None-Match (RFC 9110 section 13.1.2).
        return TypedResults.Bytes(body, "application/json; charset=utf-8", entityTag: new EntityTagHeaderValue($"\"{tag}\""));
    }
}
