using System.Text.Json;
using static Topology.ManifestHost.Publishing.Shapes;

namespace Topology.ManifestHost.Publishing;

/// <summary>
/// What each type of resource consists of, as the manifest's public JSON schema (aspire-8.0) says; where the schema takes any
/// string or number, names must not be empty and ports must be ports.
/// </summary>
internal static class SchemaRules
{
    private static readonly (string, Shape) Type = ("type", Named);
    private static readonly (string, Shape) Path = ("path", Named);
    private static readonly (string, Shape) Env = ("env", Map(Text));
    private static readonly (string, Shape) Args = ("args", List(Text));
    private static readonly (string, Shape) ConnectionString = ("connectionString", Text);

    private static readonly (string, Shape) Bindings = ("bindings", Map(Object(
        "a binding",
        [("scheme", Named), ("protocol", OneOf("tcp", "udp")), ("transport", OneOf("http", "http2", "tcp"))],
        [("external", Flag), ("targetPort", Port), ("port", Port)])));

    private static readonly (string, Shape) ContainerFiles = ("containerFiles", Map(Object(
        "an entry of containerFiles", [("destination", Named)], [("sources", List(Text))], open: true)));

    private static readonly (string, Shape) Volumes = ("volumes", List(Object(
        "a volume", [("name", Named), ("target", Named), ("readOnly", Flag)], [])));

    private static readonly (string, Shape) BindMounts = ("bindMounts", List(Object(
        "a bind mount", [("source", Named), ("target", Named), ("readOnly", Flag)], [])));

    private static readonly (string, Shape) Build = ("build", Object(
        "a build",
        [("context", Named), ("dockerfile", Named)],
        [
            ("stage", Text), ("buildOnly", Flag), ("args", Map(Text)),
            ("secrets", Map(ByType(
                ("env", Object("a secret of the type env", [Type, ("value", Text)], [], open: true)),
                ("file", Object("a secret of the type file", [Type, ("source", Named)], [], open: true))))),
        ]));

    private static readonly (string, Shape)[] Bicep = [ConnectionString, ("params", Map(Anything))];

    private static readonly (string Type, Shape Shape)[] BicepTypes =
    [
        ("azure.bicep.v0", Object("an azure.bicep.v0", [Type, Path], Bicep)),
        ("azure.bicep.v1", Object("an azure.bicep.v1", [Type, Path],
        [
            .. Bicep, ("scope", Object("a scope", [], [("resourceGroup", Text), ("subscription", Text), ("tenant", OneOf("current"))], open: true)),
        ])),
    ];

    private static readonly (string, Shape) Deployment = ("deployment", ByType(BicepTypes));

    private static readonly (string, Shape) Inputs = ("inputs", Map(Object(
        "an input",
        [("type", OneOf("string"))],
        [
            ("secret", Flag),
            ("default", Object(
                "a default",
                [],
                [
                    ("value", Text),
                    ("generate", Object(
                        "a rule to generate a value",
                        [("minLength", Number)],
                        [
                            ("lower", Flag), ("upper", Flag), ("numeric", Flag), ("special", Flag),
                            ("minLower", Number), ("minUpper", Number), ("minNumeric", Number), ("minSpecial", Number),
                        ],
                        open: true)),
                ],
                open: true).WithEither("value", "generate", at: "", "has either a value or rules to generate one")),
        ])));

    private static readonly (string, Shape) References = ("references", List(Object("a reference", [], [("target-resource", Text)])));

    private static readonly Dictionary<string, Shape> Types = new(
    [
        Of("project.v0", [Path], [Args, Env, Bindings, ContainerFiles]),
        Of("project.v1", [Path], [Deployment, Args, Env, Bindings, ContainerFiles]),
        Of("executable.v0", [("workingDirectory", Named), ("command", Named)], [Args, Env, Bindings, ContainerFiles]),
        Of("container.v0", [("image", Named)], [("entrypoint", Text), Args, ConnectionString, Env, Bindings, BindMounts, Volumes, ContainerFiles]),
        new("container.v1", Object(
            "a container.v1",
            [Type],
            [("image", Named), Build, ("entrypoint", Text), Deployment, Args, ConnectionString, Env, Bindings, BindMounts, Volumes, ContainerFiles])
            .WithEither("image", "build", at: "image", "a container.v1 has either an image or a build")),
        Of("dockerfile.v0", [Path, ("context", Named)], [Env, Bindings, ("buildArgs", Map(Text))]),
        Of("parameter.v0", [("value", Text), Inputs], [ConnectionString]),
        Of("value.v0", [ConnectionString], []),
        Of("annotated.string", [("value", Text), ("filter", OneOf("uri"))], []),
        Of("dapr.v0", [("dapr", Object("dapr", [("application", Text), ("appId", Text), ("components", List(Text))], []))], []),
        Of("dapr.component.v0", [("daprComponent", Object("a daprComponent", [], [("type", Text)]))], []),
        Of("aws.cloudformation.stack.v0", [("stack-name", Text)], [References]),
        Of("aws.cloudformation.template.v0", [("stack-name", Text), ("template-path", Text)], [References]),
        .. BicepTypes.Select(entry => KeyValuePair.Create(entry.Type, entry.Shape)),
    ]);

    /// <summary>Whether the schema knows the type of a resource; it leaves others open.</summary>
    public static bool Knows(JsonElement resource) => Types.ContainsKey(resource.Text("type")!);

    /// <summary>Everything that is wrong with the form of a resource; nothing for types that the schema leaves open.</summary>
    public static IEnumerable<Problem> Check(string name, JsonElement resource) =>
        Types.TryGetValue(resource.Text("type")!, out var shape) ? shape(resource, "").Select(fault => new Problem(name, fault.Key, fault.Text)) : [];

    private static KeyValuePair<string, Shape> Of(string type, (string, Shape)[] required, (string, Shape)[] optional) =>
        new(type, Object($"{(type[0] is 'a' or 'e' ? "an" : "a")} {type}", [Type, .. required], optional));
}
