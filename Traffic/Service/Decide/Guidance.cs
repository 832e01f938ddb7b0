namespace Topology.Traffic.Decide;

/// <summary>One of the article's configurations.</summary>
internal enum Setup
{
    /// <summary>Kestrel is the edge server.</summary>
    KestrelEdge,

    /// <summary>Kestrel behind the YARP edge.</summary>
    YarpEdge,

    /// <summary>Kestrel behind what is there already.</summary>
    Existing,
}

/// <summary>A reason and the claim that shows it; without a claim, the scorecard shows it.</summary>
internal sealed record Reason(string Text, string? Claim = null);

/// <summary>A file or folder of this repository to copy, or calls to make.</summary>
internal sealed record Copy(string What, string Why);

/// <summary>The answer to the four questions.</summary>
internal sealed record Advice(Setup Setup, string Title, IReadOnlyList<Reason> Reasons, IReadOnlyList<Copy> Copies);

/// <summary>A question with its possible answers: the value in the query, and the text.</summary>
internal sealed record Question(string Name, string Text, IReadOnlyList<(string Value, string Text)> Answers);

/// <summary>
/// Leads from four answers to a configuration, as Microsoft Learn, "When to use Kestrel with a reverse proxy", advises.
/// </summary>
internal static class Guidance
{
    /// <summary>The questions. Their names are in the page's query.</summary>
    public static IReadOnlyList<Question> Questions { get; } = [
        new("internet", "Is it on the Internet?", [("yes", "Yes, clients come from the Internet"), ("no", "No, a private network only")]),
        new("shared", "Do several services share one address?", [("yes", "Yes, on one IP address and port"), ("no", "No, one service")]),
        new("front", "Is there a load balancer or WAF already?", [
            ("none", "No"), ("nginx", "nginx"), ("apache", "Apache httpd"), ("haproxy", "HAProxy"), ("iis", "IIS"),
            ("balancer", "Another, or the platform's")]),
        new("renew", "Who renews certificates?", [("each", "Each service, itself"), ("one", "One place, for all")]),
    ];

    /// <summary>The advice; null until every question has one of its answers.</summary>
    public static Advice? Decide(string? internet, string? shared, string? front, string? renew)
    {
        string?[] answers = [internet, shared, front, renew];
        if (!Questions.Zip(answers).All(pair => pair.First.Answers.Any(answer => answer.Value == pair.Second))) return null;
        // What is there already decides: Kestrel fits behind it, and a second proxy would only cost.
        if (front != "none") return Behind(front!, internet == "yes", renew == "each");
        if (shared == "yes" || renew == "one") return Edge(internet == "yes", shared == "yes", renew == "one");
        return Direct(internet == "yes");
    }

    private static Advice Direct(bool isPublic) => new(
        Setup.KestrelEdge, "Kestrel as the edge server, with Hardening",
        [
            new("Kestrel can serve clients itself, over HTTP/1.1, HTTP/2, HTTP/3 and TLS.", "kestrel-edge"),
            new("One service has one address, so nothing needs a proxy to share a port.", "one-port-one-process"),
            isPublic
                ? new("On the Internet, host names, limits and strict parsing are yours to set: Hardening does it.", "defence-in-depth")
                : new("A private network needs less protection, but Kestrel still accepts any Host: set the allowed ones.", "any-host"),
            new("It costs neither the latency nor the CPU of a proxy."),
        ],
        [
            new("builder.AddHardening(); app.UseHardening();", "the two calls; tests/HardenedApp/Program.cs is a whole program"),
            new("Hardening/", "the project they come from"),
            new("Topology:AllowedHosts, Topology:Listeners", "the settings to fill in"),
        ]);

    private static Advice Edge(bool isPublic, bool isShared, bool isOnePlace) => new(
        Setup.YarpEdge, "Kestrel behind the YARP edge",
        [
            .. isShared ? [
                new("Two Kestrel processes cannot share an address and port.", "one-port-one-process"),
                new("The edge shares its port between sites by host name.", "shared-port")] : Array.Empty<Reason>(),
            .. isOnePlace ? [new("Only the edge needs the public certificate.", "certificates")] : Array.Empty<Reason>(),
            .. isPublic ? [new("Only the edge is public; the services are not.", "exposed-surface")] : Array.Empty<Reason>(),
            new("It adds latency and CPU; how much is measured."),
        ],
        [
            new("Edge/", "the program; routes and clusters are in Edge/appsettings.json"),
            Hardened,
            Trusted("the edge"),
        ]);

    private static Advice Behind(string front, bool isPublic, bool isTlsInside)
    {
        var title = front == "balancer" ? "load balancer"
            : Questions.Single(question => question.Name == "front").Answers.Single(answer => answer.Value == front).Text;
        return new(
            Setup.Existing, $"Kestrel behind your existing {title}",
            [
                new("It fits what you run already: Kestrel serves behind any of these proxies.", "behind-proxy"),
                new("The services must take the client's address and scheme from it, and from nobody else.", "forwarded-headers"),
                new("Host filtering is still required behind a proxy.", "poisoned-link"),
                .. isPublic ? [new(
                    "If it passes TCP only, or clients can go around it, Kestrel is the edge server: harden it so.", "defence-in-depth")]
                    : Array.Empty<Reason>(),
                .. isTlsInside ? [new("HTTPS from it to each service is possible, at a cost per request.", "internal-https-cost")]
                    : Array.Empty<Reason>(),
            ],
            [
                front switch
                {
                    "nginx" => new("Edge/Proxies/nginx/nginx.conf", "the configuration, with its reasons"),
                    "apache" => new("Edge/Proxies/apache/httpd.conf", "the configuration, with its reasons"),
                    "haproxy" => new("Edge/Proxies/haproxy/haproxy.cfg", "the configuration, with its reasons"),
                    "iis" => new("Edge/Proxies/iis/", "in-process, out-of-process and as a reverse proxy; documented, not run here"),
                    _ => new(Scorecard.ProxiesDocument, "what any proxy must send, line by line; docs/azure.md for Azure's ingress"),
                },
                Hardened,
                Trusted("it"),
            ]);
    }

    private static Copy Hardened =>
        new("builder.AddHardening(); app.UseHardening();", "in every service too: the proxy is one layer, not the only one");

    private static Copy Trusted(string what) =>
        new("Topology:KnownProxies", $"the address of {what}: forwarded headers count only from there");
}
