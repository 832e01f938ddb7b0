namespace Topology.Claims.Checks;

/// <summary>A request that an edge should not let through.</summary>
/// <param name="Name">A short description for the results.</param>
/// <param name="Raw">The bytes to send, as Latin-1 text: one character is one byte.</param>
/// <param name="IsPerHop">Whether the fault lies in the message's syntax. A proxy that accepts such a message rewrites it and forwards
/// it without the fault.</param>
internal sealed record Attack(string Name, string Raw, bool IsPerHop = false);

/// <summary>Malformed, ambiguous or misdirected requests, each for a path that exists.</summary>
internal static class Attacks
{
    private const string Host = "Host: localhost\r\n";
    private const string Get = "GET /catalog/items/1 HTTP/1.1\r\n";
    private const string Hidden = "GET /catalog/items/2 HTTP/1.1\r\nHost: localhost\r\n\r\n";

    public static IReadOnlyList<Attack> All { get; } = [
        // Requests whose end is ambiguous: one parser reads as a body what another parser reads as the next request.
        PerHop(
            "Content-Length and Transfer-Encoding together",
            Post("Content-Length: 6\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n" + Hidden)),
        PerHop("Transfer-Encoding: gzip, chunked", Post("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n")),
        PerHop("Transfer-Encoding: xchunked", Post("Transfer-Encoding: xchunked\r\nContent-Length: 5\r\n", "0\r\n\r\n")),
        PerHop("Transfer-Encoding twice", Post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n")),
        PerHop("Content-Length twice, differing", Post("Content-Length: 5\r\nContent-Length: 6\r\n", "hello!")),
        PerHop("Content-Length: +5", Post("Content-Length: +5\r\n", "hello")),
        PerHop("a chunk's size with a bare LF", Post("Transfer-Encoding: chunked\r\n", "5\nhello\r\n0\r\n\r\n")),
        PerHop("a chunk extension with a bare LF", Post("Transfer-Encoding: chunked\r\n", "5;x\nhello\r\n0\r\n\r\n")),
        PerHop("a chunk extension without a name", Post("Transfer-Encoding: chunked\r\n", "5;\r\nhello\r\n0\r\n\r\n")),
        PerHop("a chunk extension of 4 KB", Post("Transfer-Encoding: chunked\r\n", $"5;x={new string('x', 4096)}\r\nhello\r\n0\r\n\r\n")),
        PerHop("bare LF as line ends", "GET /catalog/items/1 HTTP/1.1\nHost: localhost\n\n"),
        PerHop("a folded field (obs-fold)", Get + Host + "X: a\r\n b\r\n\r\n"),
        PerHop("a space before a field's colon", Get + Host + "X : a\r\n\r\n"),
        PerHop("a control character in a field", Get + Host + "X: a\u0001b\r\n\r\n"),
        PerHop("a bare CR in a field", Get + Host + "X: a\rb\r\n\r\n"),

        // The host.
        new("an unknown Host", Get + "Host: evil.example\r\n\r\n"),
        new("an empty Host", Get + "Host:\r\n\r\n"),
        PerHop("no Host in HTTP/1.0", "GET /catalog/items/1 HTTP/1.0\r\n\r\n"),
        new("Host twice", Get + Host + Host + "\r\n"),
        new("a target whose authority differs from Host", "GET http://evil.example/catalog/items/1 HTTP/1.1\r\n" + Host + "\r\n"),

        // The method and the target.
        new("TRACE", "TRACE /catalog/items/1 HTTP/1.1\r\n" + Host + "\r\n"),
        new("a method of 2,000 characters", $"{new string('M', 2000)} /catalog/items/1 HTTP/1.1\r\n" + Host + "\r\n"),
        new("a method that no route has", "DELETE /catalog/items/1 HTTP/1.1\r\n" + Host + "\r\n"),
        new("a fragment in the target", "GET /catalog/items/1#x HTTP/1.1\r\n" + Host + "\r\n"),
        new("dot segments", "GET /catalog/../health HTTP/1.1\r\n" + Host + "\r\n"),
        new("escaped dot segments", "GET /catalog/%2e%2e/health HTTP/1.1\r\n" + Host + "\r\n"),
        new("an escaped slash", "GET /catalog/items%2f1 HTTP/1.1\r\n" + Host + "\r\n"),
        new("an escape of an escape", "GET /catalog/items/%252e%252e HTTP/1.1\r\n" + Host + "\r\n"),
        new("two slashes", "GET //catalog/items/1 HTTP/1.1\r\n" + Host + "\r\n"),
        new("a backslash", "GET /catalog/items\\..\\1 HTTP/1.1\r\n" + Host + "\r\n"),
        new("a management path", "GET /health HTTP/1.1\r\n" + Host + "\r\n"),

        // The size.
        new("a field of 40 KB", Get + Host + $"X: {new string('x', 40_000)}\r\n\r\n"),
        new("an order of 2 MB",
            $"POST /orders HTTP/1.1\r\n{Host}Content-Type: application/json\r\nIdempotency-Key: claim\r\nContent-Length: 2000000\r\n\r\n"
            + new string(' ', 2_000_000)),
    ];

    private static Attack PerHop(string name, string raw) => new(name, raw, IsPerHop: true);

    private static string Post(string fields, string body) => $"POST /media HTTP/1.1\r\n{Host}{fields}\r\n{body}";
}
