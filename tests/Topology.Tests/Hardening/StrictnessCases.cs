namespace Topology.Tests.Hardening;

/// <summary>One request, byte for byte, and whether it is legal.</summary>
/// <param name="Name">A description, unique among the cases.</param>
/// <param name="Raw">Latin-1, one character per byte. <c>{id}</c> stands for an ID by which the test finds the request again.</param>
/// <param name="Status">
/// 0 if it is refused with 400 and close. Otherwise the status of a legal request, after which the connection stays open.
/// </param>
public sealed record StrictnessCase(string Name, string Raw, int Status = 0)
{
    public bool IsLegal => Status != 0;

    public bool HasNoBody => Raw.Contains("HEAD ", StringComparison.Ordinal);

    public override string ToString() => Name;
}

/// <summary>
/// Requests derived from the grammars of RFC 9110, RFC 9112 and RFC 3986. Each breaks one rule, or follows all of them in an unusual way.
/// </summary>
public static class StrictnessCases
{
    private const string Host = "Host: localhost\r\n";
    private const string Line = "GET /catalog/{id} HTTP/1.1\r\n";
    private const string Smuggled = "GET /catalog/smuggled-{id} HTTP/1.1\r\nHost: localhost\r\n\r\n";

    public static IReadOnlyList<StrictnessCase> All { get; } = [
        .. RequestLines(), .. Targets(), .. LineEnds(), .. FieldNames(), .. FieldValues(), .. Hosts(), .. ContentLengths(),
        .. TransferEncodings(), .. ChunkSizes(), .. ChunkExtensions(), .. Trailers(), .. Legal(),
    ];

    private static IEnumerable<StrictnessCase> RequestLines()
    {
        foreach (var (name, line) in new (string, string)[]
        {
            ("no method", " /catalog/{id} HTTP/1.1"),
            ("a space before the method", " GET /catalog/{id} HTTP/1.1"),
            ("two spaces after the method", "GET  /catalog/{id} HTTP/1.1"),
            ("two spaces before the version", "GET /catalog/{id}  HTTP/1.1"),
            ("a space after the version", "GET /catalog/{id} HTTP/1.1 "),
            ("tabs between the parts", "GET\t/catalog/{id}\tHTTP/1.1"),
            ("four parts", "GET /catalog/{id} x HTTP/1.1"),
            ("no version", "GET /catalog/{id}"),
            ("no target", "GET HTTP/1.1"),
            ("an empty target", "GET  HTTP/1.1"),
            ("a method alone", "GET"),
            ("a method with a parenthesis", "GE(T /catalog/{id} HTTP/1.1"),
            ("a method with a colon", "GET: /catalog/{id} HTTP/1.1"),
            ("a method with a slash", "GET/ /catalog/{id} HTTP/1.1"),
            ("a method with NUL", "G\0T /catalog/{id} HTTP/1.1"),
            ("a method beyond ASCII", "G\u00c9T /catalog/{id} HTTP/1.1"),
            ("a method in quotes", "\"GET\" /catalog/{id} HTTP/1.1"),
            ("a method of 33 characters", new string('M', 33) + " /catalog/{id} HTTP/1.1"),
            ("a method of 4,096 characters", new string('M', 4096) + " /catalog/{id} HTTP/1.1"),
        })
        {
            yield return new(name, line + "\r\n" + Host + "\r\n");
        }

        foreach (var version in (string[])
        [
            "http/1.1", "Http/1.1", "HTTP/1.2", "HTTP/2.0", "HTTP/3", "HTTP/0.9", "HTTP/11", "HTTP/1.", "HTTP/.1", "HTTP/1.10", "HTTP/01.1",
            "HTTP/1,1", "HTTP/+1.1", "HTTP/1.1;", "HTTPS/1.1", "XTTP/1.1", "HTTP", "1.1", "HTTP/1.1\t", "ICY/1.1"
        ])
        {
            yield return new($"the version {version.Replace('\t', ' ')}", $"GET /catalog/{{id}} {version}\r\n{Host}\r\n");
        }
    }

    private static IEnumerable<StrictnessCase> Targets()
    {
        foreach (var (name, target) in new (string, string)[]
        {
            ("a fragment", "/catalog/{id}#part"),
            ("an empty fragment", "/catalog/{id}#"),
            ("a fragment in the query", "/catalog/{id}?a#b"),
            ("a target beyond ASCII", "/catalog/{id}\u00e9"),
            ("a query beyond ASCII", "/catalog/{id}?\u00e9"),
            ("DEL in the target", "/catalog/{id}\u007f"),
            ("NUL in the target", "/catalog/{id}\0"),
            ("a tab in the target", "/catalog/\t{id}"),
            ("a vertical tab in the target", "/catalog/\v{id}"),
            ("a target without a slash", "catalog/{id}"),
            ("a query alone", "?{id}"),
            ("an authority with GET", "localhost:80"),
            ("a scheme without an authority", "http:/catalog/{id}"),
            ("a scheme with an empty authority", "http:///catalog/{id}"),
            ("another scheme", "ftp://localhost/catalog/{id}"),
            ("a scheme of the browser's", "javascript:{id}"),
            ("user information in the authority", "http://user@localhost/catalog/{id}"),
            ("a port beyond 65535 in the authority", "http://localhost:70000/catalog/{id}"),
            ("a port that is no number in the authority", "http://localhost:http/catalog/{id}"),
            ("an unclosed address in the authority", "http://[::1/catalog/{id}"),
            ("an authority other than Host's", "http://example.com/catalog/{id}"),
            ("a backslash after the authority", "http://localhost\\catalog/{id}"),
            ("* with more behind it", "*/catalog/{id}"),
        })
        {
            yield return new(name, $"GET {target} HTTP/1.1\r\n{Host}\r\n");
        }

        foreach (var method in (string[])["GET", "HEAD", "POST", "PUT", "DELETE"])
        {
            yield return new($"* with {method}", $"{method} * HTTP/1.1\r\n{Host}X: {{id}}\r\n\r\n");
        }

        yield return new("CONNECT to an authority", "CONNECT localhost:80 HTTP/1.1\r\nHost: localhost:80\r\n\r\n" + Smuggled);
        yield return new("CONNECT to a path", "CONNECT /live/socket?{id} HTTP/1.1\r\n" + Host + "\r\n");
        yield return new("CONNECT to an absolute target", "CONNECT http://localhost/live/socket?{id} HTTP/1.1\r\n" + Host + "\r\n");
        yield return new("HTTP/2's preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    }

    private static IEnumerable<StrictnessCase> LineEnds()
    {
        yield return new("bare LF after the request line", "GET /catalog/{id} HTTP/1.1\n" + Host + "\r\n");
        yield return new("bare LF after a field", Line + "Host: localhost\nX: y\r\n\r\n");
        yield return new("bare LF for the empty line", Line + Host + "\n");
        yield return new("bare LF everywhere", "GET /catalog/{id} HTTP/1.1\nHost: localhost\n\n");
        yield return new("bare CR after the request line", "GET /catalog/{id} HTTP/1.1\r" + Host + "\r\n");
        yield return new("bare CR after a field", Line + "Host: localhost\rX: y\r\n\r\n");
        yield return new("bare CR everywhere", "GET /catalog/{id} HTTP/1.1\rHost: localhost\r\r");
        yield return new("bare CR in a value", Line + Host + "X: a\rb\r\n\r\n");
        yield return new("bare LF in a value", Line + Host + "X: a\nContent-Length: 5\r\n\r\n");
        yield return new("CR CR LF after a field", Line + "Host: localhost\r\r\n\r\n");
        yield return new("LF CR after a field", Line + "Host: localhost\n\r\r\n");
        yield return new("CR CR LF for the empty line", Line + Host + "\r\r\n");
        yield return new("a bare LF before the request line", "\n" + Line + Host + "\r\n");
        yield return new("a bare CR before the request line", "\r" + Line + Host + "\r\n");
        yield return new("two empty lines before the request line", "\r\n\r\n" + Line + Host + "\r\n");
        yield return new("a TLS hello on a cleartext port", "\u0016\u0003\u0001\u0002\0\u0001\0\u0001\u00fc\u0003\u0003{id}\r\n\r\n");
        yield return new("NUL bytes", "\0\0\0\0\r\n\r\n");
    }

    private static IEnumerable<StrictnessCase> FieldNames()
    {
        foreach (var delimiter in "\"(),/;<=>?@[\\]{} \t")
        {
            yield return new($"{Show(delimiter)} in a field name", Line + Host + $"X{delimiter}Y: z\r\n\r\n");
        }

        foreach (var control in "\0\u0001\b\u001f\u007f\u0080\u00ff")
        {
            yield return new($"{Show(control)} in a field name", Line + Host + $"X{control}Y: z\r\n\r\n");
        }

        yield return new("an empty field name", Line + Host + ": z\r\n\r\n");
        yield return new("a field without a colon", Line + Host + "XY\r\n\r\n");
        yield return new("a space before the colon", Line + Host + "X : y\r\n\r\n");
        yield return new("a tab before the colon", Line + Host + "X\t: y\r\n\r\n");
        yield return new("a space before Host's colon", Line + "Host : localhost\r\n\r\n");
        yield return new("a space before Content-Length's colon", Post("Content-Length : 5\r\n", "hello"));
        yield return new("a space before Transfer-Encoding's colon", Post("Transfer-Encoding : chunked\r\n", "0\r\n\r\n" + Smuggled));
        yield return new("a space before the first field", Line + " " + Host + "\r\n");
        yield return new("a value folded with a space", Line + Host + "X: a\r\n b\r\n\r\n");
        yield return new("a value folded with a tab", Line + Host + "X: a\r\n\tb\r\n\r\n");
        yield return new("Host folded", Line + "Host:\r\n localhost\r\n\r\n");
        yield return new("Content-Length folded", Post("Content-Length:\r\n 5\r\n", "hello"));
        yield return new("Transfer-Encoding folded", Post("Transfer-Encoding:\r\n chunked\r\n", "0\r\n\r\n"));
        yield return new("a folded line of white space alone", Line + Host + "X: a\r\n \r\n\r\n");
    }

    private static IEnumerable<StrictnessCase> FieldValues()
    {
        foreach (var control in Enumerable.Range(0, 0x20).Append(0x7F).Where(value => value is not ('\t' or '\r' or '\n')))
        {
            yield return new($"{Show((char)control)} in a field value", Line + Host + $"X: a{(char)control}b\r\n\r\n");
        }
    }

    private static IEnumerable<StrictnessCase> Hosts()
    {
        yield return new("no Host", Line + "X: y\r\n\r\n");
        yield return new("no Host in HTTP/1.0", "GET /catalog/{id} HTTP/1.0\r\n\r\n");
        yield return new("Host twice", Line + Host + Host + "\r\n");
        yield return new("Host twice, differing", Line + Host + "Host: example.com\r\n\r\n");
        yield return new("Host twice, in two cases", Line + Host + "hOST: localhost\r\n\r\n");
        foreach (var host in (string[])
        [
            "", " ", "localhost localhost", "localhost, localhost", "localhost,localhost", "local\thost", "localhost/", "http://localhost",
            "user@localhost", "localhost:", "localhost:abc", "localhost:+80", "localhost:-1", "localhost:70000", "localhost:80:80", ":80",
            "[::1", "::1", "[::1]x", "[::1]:",
            "[::1%25lo]", "[]", "[localhost]", "[127.0.0.1]", "[::g]", "localhost#", "localhost?x", "localhost\\x", "\"localhost\"",
            "local(host)", "loc\u00e4lhost", "<localhost>"
        ])
        {
            yield return new($"the Host {Visible(host)}", Line + $"Host: {host}\r\n\r\n");
        }
    }

    private static IEnumerable<StrictnessCase> ContentLengths()
    {
        foreach (var length in (string[])
        [
            "+5", "-0", "-5", "0x5", "5 5", "5,5", "5, 5", "5,6", ",5", "5,", "", " ", "5;", "5.0", "1e1", "5_0", "five", "\u00b5",
            "5\u00a0", "'5'", "\"5\"",
            "9223372036854775808", "18446744073709551621", "99999999999999999999999",
            "00000000000000000000000000000000000000000000000018446744073709551621"
        ])
        {
            yield return new(
                $"the Content-Length {(length.Trim().Length == 0 ? $"of {length.Length} spaces" : length)}",
                Post($"Content-Length: {length}\r\n", "hello" + Smuggled));
        }

        yield return new("Content-Length twice", Post("Content-Length: 5\r\nContent-Length: 5\r\n", "hello"));
        yield return new("Content-Length twice, differing", Post("Content-Length: 5\r\nContent-Length: 6\r\n", "hello" + Smuggled));
        yield return new("Content-Length twice, in two cases", Post("Content-Length: 0\r\nCONTENT-LENGTH: 5\r\n", "hello"));
    }

    private static IEnumerable<StrictnessCase> TransferEncodings()
    {
        foreach (var coding in (string[])
        [
            "identity", "gzip", "gzip, chunked", "chunked, gzip", "chunked, chunked", "chunked, identity", "identity, chunked", "chunked,",
            ", chunked", "chunked;q=1",
            "chunked ; x", "\"chunked\"", "'chunked'", "xchunked", "chunkedx", "chunked x", "x chunked", "chun ked", "", " ",
            "cow, chunked", "chunked\u00a0", "\u00a0chunked"
        ])
        {
            yield return new($"the Transfer-Encoding {(coding.Trim().Length == 0 ? $"of {coding.Length} spaces" : coding)}",
                Post($"Transfer-Encoding: {coding}\r\n", "0\r\n\r\n" + Smuggled));
        }

        yield return new("Transfer-Encoding twice", Post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"));
        yield return new(
            "Transfer-Encoding twice, identity last",
            Post("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", "0\r\n\r\n" + Smuggled));
        yield return new(
            "Content-Length, then Transfer-Encoding", Post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n" + Smuggled));
        yield return new(
            "Transfer-Encoding, then Content-Length", Post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n" + Smuggled));
        yield return new(
            "a Content-Length of 0 and Transfer-Encoding", Post("Content-Length: 0\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"));
        yield return new(
            "Transfer-Encoding in HTTP/1.0", "POST /orders/{id} HTTP/1.0\r\n" + Host + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
        yield return new(
            "Transfer-Encoding behind a bare LF",
            Post("X: y\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n" + Smuggled));
        yield return new(
            "Transfer-Encoding behind a bare CR",
            Post("X: y\rTransfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n" + Smuggled));
        yield return new(
            "Transfer-Encoding with a control character before it", Post("Transfer-Encoding: \vchunked\r\n", "0\r\n\r\n" + Smuggled));
        yield return new(
            "Transfer-Encoding with GET, and Content-Length", Line + Host
            + "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n" + Smuggled);
    }

    private static IEnumerable<StrictnessCase> ChunkSizes()
    {
        foreach (var size in (string[])
        [
            "+5", "-5", "0x5", "0X5", "x5", "5h", "5_", "5 ", "5\t", " 5", "\t5", "5 ;a", "", " ", "g", "5.0", "5,", "5 5", "'5'",
            "FFFFFFFFFFFFFFFF", "8000000000000000",
            "10000000000000005", "100000000000000000000000000000005", "00000000000000005", "\u00b5"
        ])
        {
            yield return new($"the chunk size {Visible(size)}", Chunked($"{size}\r\nhello\r\n0\r\n\r\n"));
        }

        yield return new("bare LF after a chunk size", Chunked("5\nhello\r\n0\r\n\r\n"));
        yield return new("bare CR after a chunk size", Chunked("5\rhello\r\n0\r\n\r\n"));
        yield return new("bare LF after a chunk", Chunked("5\r\nhello\n0\r\n\r\n"));
        yield return new("bare CR after a chunk", Chunked("5\r\nhello\r0\r\n\r\n"));
        yield return new("nothing after a chunk", Chunked("5\r\nhello0\r\n\r\n"));
        yield return new("a chunk longer than its size", Chunked("5\r\nhello!\r\n0\r\n\r\n"));
        yield return new("a chunk shorter than its size", Chunked("5\r\nhi\r\n0\r\n\r\n"));
        yield return new("bare LF after the last chunk's size", Chunked("0\n\r\n"));
        yield return new("bare LF for the end of the body", Chunked("0\r\n\n"));
        yield return new("a negative second chunk", Chunked("5\r\nhello\r\n-1\r\n\r\n"));
        yield return new("a request where a chunk should be", Chunked(Smuggled));
    }

    private static IEnumerable<StrictnessCase> ChunkExtensions()
    {
        foreach (var extension in (string[])
        [
            ";", "; ", ";;", ";;a", ";a;", ";a=b;", ";=", ";=a", ";a=", ";a= ", ";a ", ";a=b ", ";a b", ";a=b c", ";a=\"b", ";a=\"b\"c",
            ";a=\"b\\", ";a=(b)", ";a=b=c", ";a,b", ";\"a\"",
            ";\u00e9", ";a=\u00e9", ";a\u0001", ";a\0", ";a=\"\u0001\"", ";a=\"\u007f\"", ";a\rb", ";a\nb", ";a=\"\n\"", ";"
            + new string('a', 300)
        ])
        {
            yield return new(
                $"the chunk extension {string.Concat(extension.Take(12).Select(Show))}", Chunked($"5{extension}\r\nhello\r\n0\r\n\r\n"));
        }

        yield return new("a bad extension of the last chunk", Chunked("5\r\nhello\r\n0;\r\n\r\n"));
        yield return new(
            "20 KiB of chunk extensions",
            Chunked(string.Concat(Enumerable.Repeat($"1;a={new string('b', 200)}\r\nx\r\n", 100)) + "0\r\n\r\n"));
    }

    private static IEnumerable<StrictnessCase> Trailers()
    {
        foreach (var (name, trailer) in new (string, string)[]
        {
            ("bare LF after a trailer", "X: y\n\r\n"),
            ("bare LF after the trailers", "X: y\r\n\n"),
            ("bare CR in a trailer", "X: y\rz\r\n\r\n"),
            ("NUL in a trailer", "X: \0\r\n\r\n"),
            ("a trailer without a colon", "X\r\n\r\n"),
            ("a trailer without a name", ": y\r\n\r\n"),
            ("a space before a trailer's colon", "X : y\r\n\r\n"),
            ("a delimiter in a trailer's name", "X(): y\r\n\r\n"),
            ("a folded trailer", "X: y\r\n z\r\n\r\n"),
            ("Content-Length as a trailer", "Content-Length: 5\r\n\r\n"),
            ("Transfer-Encoding as a trailer", "Transfer-Encoding: chunked\r\n\r\n"),
            ("Host as a trailer", "Host: example.com\r\n\r\n"),
            ("a request as a trailer", Smuggled),
        })
        {
            yield return new(name, Chunked("5\r\nhello\r\n0\r\n" + trailer));
        }
    }

    private static IEnumerable<StrictnessCase> Legal()
    {
        yield return new("the least request", Line + Host + "\r\n", 200);
        yield return new("an empty line before the request", "\r\n" + Line + Host + "\r\n", 200);
        yield return new("HTTP/1.0 kept alive", "GET /catalog/{id} HTTP/1.0\r\n" + Host + "Connection: keep-alive\r\n\r\n", 200);
        yield return new("HEAD", "HEAD /catalog/{id} HTTP/1.1\r\n" + Host + "\r\n", 200);
        yield return new("a name in capitals", Line + "HOST: localhost\r\n\r\n", 200);
        yield return new("no white space after colons", Line + "Host:localhost\r\nX:y\r\n\r\n", 200);
        yield return new("white space around values", Line + "Host: \t localhost \t \r\nX:\t \ty \t\r\n\r\n", 200);
        yield return new("an empty value", Line + Host + "X:\r\nY: \r\n\r\n", 200);
        yield return new("tabs in a value", Line + Host + "X: a\tb\r\n\r\n", 200);
        yield return new(
            "every visible character in a value", Line + Host + "X: "
            + string.Concat(Enumerable.Range(0x21, 0x7F - 0x21).Select(value => (char)value)) + "\r\n\r\n", 200);
        yield return new("bytes beyond ASCII in a value", Line + Host + "X: caf\u00e9 \u0080\u00ff\r\n\r\n", 200);
        yield return new("every token character in a name", Line + Host + "!#$%&'*+-.^_`|~0Aa: y\r\n\r\n", 200);
        yield return new("a field repeated", Line + Host + "X: a\r\nX: b\r\nx: c\r\n\r\n", 200);
        yield return new("100 fields", Line + Host + string.Concat(Enumerable.Range(0, 99).Select(i => $"X-{i}: {i}\r\n")) + "\r\n", 200);
        yield return new("90 fields", Line + Host + string.Concat(Enumerable.Range(0, 90).Select(i => $"X-{i}: {i}\r\n")) + "\r\n", 200);
        yield return new(
            "24 KiB of fields", Line + Host + string.Concat(Enumerable.Range(0, 24).Select(i => $"X-{i}: {new string('v', 1000)}\r\n"))
            + "\r\n", 200);
        yield return new(
            "a target of 7,000 characters", "GET /catalog/{id}?" + new string('q', 7000) + " HTTP/1.1\r\n" + Host + "\r\n", 200);
        yield return new("Host with a port", Line + "Host: localhost:8080\r\n\r\n", 200);
        yield return new("Host in capitals", Line + "Host: LocalHost\r\n\r\n", 200);
        yield return new("Host as an IPv4 address", Line + "Host: 127.0.0.1:80\r\n\r\n", 200);
        yield return new("Host as an IPv6 address", Line + "Host: [::1]\r\n\r\n", 200);
        yield return new("Host as an IPv6 address with a port", Line + "Host: [::1]:8080\r\n\r\n", 200);
        yield return new("Host as an IPv6 address in full", Line + "Host: [0:0:0:0:0:0:0:1]:80\r\n\r\n", 200);
        yield return new("a host below localhost", Line + "Host: shop.localhost\r\n\r\n", 200);
        yield return new("the absolute form", "GET http://localhost/catalog/{id} HTTP/1.1\r\n" + Host + "\r\n", 200);
        yield return new(
            "the absolute form with a port", "GET http://localhost:8080/catalog/{id}?a=b HTTP/1.1\r\nHost: localhost:8080\r\n\r\n", 200);
        yield return new("OPTIONS for the whole server", "OPTIONS * HTTP/1.1\r\n" + Host + "\r\n", 204);
        yield return new("sub-delimiters in the path", "GET /catalog/{id};a=b,c@d:e!$&'()*+ HTTP/1.1\r\n" + Host + "\r\n", 200);
        yield return new("escapes in the path", "GET /catalog/{id}/caf%C3%A9%20bar HTTP/1.1\r\n" + Host + "\r\n", 200);
        yield return new("an escaped percent sign", "GET /catalog/{id}/100%25 HTTP/1.1\r\n" + Host + "\r\n", 200);
        yield return new("slashes and dots in the query", "GET /catalog/{id}?next=/../a//b%2F%5C.. HTTP/1.1\r\n" + Host + "\r\n", 200);
        yield return new("an empty query", "GET /catalog/{id}? HTTP/1.1\r\n" + Host + "\r\n", 200);
        yield return new("a Connection option that is unknown", Line + Host + "Connection: x-none\r\n\r\n", 200);
        yield return new(
            "an upgrade that is not made", Line + Host
            + "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n", 200);
        yield return new(
            "an offer of a protocol that nobody speaks", Line + Host + "Connection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\n", 200);
        yield return new(
            "an offer of several protocols", Line + Host + "Connection: keep-alive, Upgrade\r\nUpgrade: TLS/1.2, SPDY/3.1\r\n\r\n", 200);
        yield return new("an empty body in chunks where none is taken", Line + Host + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 200);
        yield return new(
            "an empty body in chunks with an extension and a trailer where none is taken", Line + Host
            + "Transfer-Encoding: chunked\r\n\r\n0;a=b\r\nX: y\r\n\r\n", 200);
        yield return new("Content-Length", Post("Content-Length: 5\r\n", "hello"), 200);
        yield return new("a Content-Length of 0", Post("Content-Length: 0\r\n", ""), 200);
        yield return new("a Content-Length with zeros in front", Post("Content-Length: 005\r\n", "hello"), 200);
        yield return new("a body that looks like a request", Post("Content-Length: 31\r\n", "GET /not-a-request HTTP/1.1\r\n\r\n"), 200);
        yield return new(
            "a body of every byte", Post("Content-Length: 256\r\n", string.Concat(Enumerable.Range(0, 256).Select(value => (char)value))),
            200);
        yield return new("a body of 60,000 bytes", Post("Content-Length: 60000\r\n", new string('b', 60_000)), 200);
        yield return new("a body after which an empty line comes", Post("Content-Length: 5\r\n", "hello\r\n"), 200);
        yield return new("Expect: 100-continue, and the body at once", Post("Expect: 100-continue\r\nContent-Length: 5\r\n", "hello"), 200);
        yield return new("one chunk", Chunked("5\r\nhello\r\n0\r\n\r\n"), 200);
        yield return new("no chunk but the last", Chunked("0\r\n\r\n"), 200);
        yield return new("many chunks", Chunked(string.Concat(Enumerable.Repeat("1\r\nx\r\n", 500)) + "0\r\n\r\n"), 200);
        yield return new("a chunk of line ends", Chunked("4\r\n\r\n\r\n\r\n0\r\n\r\n"), 200);
        yield return new(
            "hexadecimal digits in both cases",
            Chunked("a\r\n0123456789\r\nA\r\n0123456789\r\n1B\r\n012345678901234567890123456\r\n0\r\n\r\n"), 200);
        yield return new("a chunk size with zeros in front", Chunked("0005\r\nhello\r\n000\r\n\r\n"), 200);
        yield return new("chunked in capitals", Post("Transfer-Encoding: CHUNKED\r\n", "5\r\nhello\r\n0\r\n\r\n"), 200);
        yield return new("white space around chunked", Post("Transfer-Encoding: \tchunked \r\n", "5\r\nhello\r\n0\r\n\r\n"), 200);
        yield return new("a chunk extension's name", Chunked("5;a\r\nhello\r\n0;b\r\n\r\n"), 200);
        yield return new("chunk extensions with values", Chunked("5;a=b;c=\"d\"\r\nhello\r\n0\r\n\r\n"), 200);
        yield return new("white space within chunk extensions", Chunked("5; a = b ; c = \"d e\"\r\nhello\r\n0\r\n\r\n"), 200);
        yield return new("escapes in a chunk extension", Chunked("5;a=\"b\\\"c\\\\\"\r\nhello\r\n0\r\n\r\n"), 200);
        yield return new("a trailer", Chunked("5\r\nhello\r\n0\r\nX: y\r\n\r\n"), 200);
        yield return new("several trailers", Chunked("5\r\nhello\r\n0\r\nX: y\r\nDigest:\tabc\r\n\r\n"), 200);
    }

    private static string Post(string fields, string body) => "POST /orders/{id} HTTP/1.1\r\n" + Host + fields + "\r\n" + body;

    private static string Chunked(string body) => Post("Transfer-Encoding: chunked\r\n", body);

    private static string Show(char value) => value is >= ' ' and < '\u007f' ? value.ToString() : $"<{(int)value:x2}>";

    /// <summary>White space as words, for the name of a case.</summary>
    private static string Visible(string text) =>
        text.Trim().Length == 0 ? $"of {text.Length} spaces" : text.Replace("\t", "<tab>", StringComparison.Ordinal);
}
