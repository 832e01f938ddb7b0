using System.CommandLine;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Spectre.Console;
using Topology.Hardening.Certificates;

namespace Topology.CommandLine;

/// <summary>
/// <c>certs</c>: shows, exports and renews the local authorities, and issues certificate files and revokes them.
/// </summary>
internal static class CertsCommand
{
    private static readonly string[] Names = [LocalAuthorities.Public, LocalAuthorities.Internal];

    public static Command Create()
    {
        var directory = new Option<string?>("--directory")
        {
            Description = "The authorities' folder. Default: topology/certificates in the user's application data.",
            HelpName = "FOLDER",
            Recursive = true,
        };
        directory.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: var given }] && File.Exists(given))
                result.AddError($"--directory: {Path.GetFullPath(given)} is a file; name a folder.");
        });
        var command = new Command("certs", "Shows the local certificate authorities and what they have issued.")
        {
            directory, Export(directory), Renew(directory), Issue(directory), Revoke(directory),
        };
        command.SetAction(directory, (_, root) => Show(root));
        return command;
    }

    private static Command Export(Option<string?> directory)
    {
        var authority = Authority();
        var file = new Argument<string>("file") { Description = "Where to write the authority's certificate (PEM), for clients to trust." };
        var command = new Command("export", "Writes an authority's certificate, without its key, to a file.") { authority, file };
        command.SetAction(directory, (result, root) =>
        {
            var local = Open(root, result.GetRequiredValue(authority));
            var path = Path.GetFullPath(result.GetRequiredValue(file));
            var pem = string.Concat(local.Trusted().Select(certificate => certificate.ExportCertificatePem() + "\n"));
            try
            {
                File.WriteAllText(path, pem);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                return Commands.Refuse($"{path} cannot be written ({exception.Message}); name a file in a folder that you can write to.");
            }

            Console.WriteLine($"{path} is the {local.Name} authority's certificate. For curl: --cacert {path}");
            return 0;
        });
        return command;
    }

    private static Command Renew(Option<string?> directory)
    {
        var authority = new Option<string?>("--authority") { Description = "public or internal; both by default." };
        authority.AcceptOnlyFromAmong(Names);
        var command = new Command(
            "renew", "Creates new authorities. Running services get new certificates within a minute; the old authority stays "
            + "trusted.") { authority };
        command.SetAction(directory, (result, root) =>
        {
            foreach (var name in result.GetValue(authority) is { } one ? [one] : Names)
            {
                Open(root, name).Renew();
                Console.WriteLine($"The {name} authority is new; export it again for clients that trust it by file.");
            }

            return 0;
        });
        return command;
    }

    private static Command Issue(Option<string?> directory)
    {
        var authority = Authority();
        var name = Leaf("The program it is issued for, such as nginx; also its common name.");
        var revocationList = new Option<Uri?>("--revocation-list")
        {
            Description = "The URL of the certificate revocation list that a new public certificate names.",
            DefaultValueFactory = _ => new("http://localhost:5200" + LocalAuthorities.RevocationListPath)
        };
        var command = new Command(
            "issue", "Issues a certificate, or finds the existing one, and prints its files.") { authority, name, revocationList };
        command.SetAction(directory, (result, root) =>
        {
            var local = Open(root, result.GetRequiredValue(authority), result.GetValue(revocationList));
            var leaf = result.GetRequiredValue(name);
            using var certificate = local.GetLeaf(leaf, local.Name == LocalAuthorities.Public ? LocalAuthorities.PublicNames : [leaf]);
            Console.WriteLine(Path.Combine(local.Directory, leaf + ".pem"));
            Console.WriteLine(Path.Combine(local.Directory, leaf + ".key"));
            return 0;
        });
        return command;
    }

    private static Command Revoke(Option<string?> directory)
    {
        var authority = Authority();
        var name = Leaf("The certificate's name as certs shows it, such as edge.");
        var command = new Command(
            "revoke",
            "Adds a certificate to its authority's revocation list. A running service gets a new one within a minute.") { authority,
            name };
        command.SetAction(directory, (result, root) =>
        {
            var local = Open(root, result.GetRequiredValue(authority));
            var leaf = result.GetRequiredValue(name);
            if (!local.Revoke(leaf))
            {
                return Commands.Refuse($"The {local.Name} authority has no certificate named {leaf}; ./topology certs lists them.");
            }
            Console.WriteLine($"The {local.Name} certificate {leaf} is revoked.");
            return 0;
        });
        return command;
    }

    private static int Show(string root)
    {
        var table = new Table().AddColumns("Authority", "Certificate", "For", "Valid until", "SHA-256");
        foreach (var name in Names)
        {
            var folder = Path.Combine(root, name);
            foreach (var file in Directory.Exists(folder) ? Directory.EnumerateFiles(folder, "*.pem").Order().ToArray() : [])
            {
                using var certificate = X509CertificateLoader.LoadCertificateFromFile(file);
                var names = certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>().FirstOrDefault();
                table.AddRow(
                    Markup.Escape(name),
                    Markup.Escape(Path.GetFileNameWithoutExtension(file)),
                    Markup.Escape(
                        names is null ? ""
                        : string.Join(
                        ' ', names.EnumerateDnsNames().Concat(names.EnumerateIPAddresses().Select(address => address.ToString())))),
                    $"{certificate.NotAfter.ToUniversalTime():yyyy-MM-dd}",
                    certificate.GetCertHashString(HashAlgorithmName.SHA256)[..16]);
            }
        }

        Console.WriteLine(root);
        if (table.Rows.Count == 0) Console.WriteLine("There are no certificates yet; the first run creates them.");
        else AnsiConsole.Write(table);
        return 0;
    }

    private static Option<string> Authority()
    {
        var option =
            new Option<string>("--authority") { Description = "public or internal.", DefaultValueFactory = _ => LocalAuthorities.Public };
        option.AcceptOnlyFromAmong(Names);
        return option;
    }

    /// <summary>
    /// The argument for a certificate's name. The certificate's file has the same name and is next to the authority's file.
    /// </summary>
    private static Argument<string> Leaf(string description)
    {
        var name = new Argument<string>("name") { Description = description };
        name.Validators.Add(result =>
        {
            if (result.Tokens is not [{ Value: var given }]) return;
            if (!(given.Length is > 0 and <= 63 && given.All(c => char.IsAsciiLetterOrDigit(c) || c == '-')))
                result.AddError("name: use letters, digits and hyphens, 63 at most.");
            else if (given.Equals(LocalAuthority.AuthorityFile, StringComparison.OrdinalIgnoreCase))
                result.AddError($"name: {given} is the authority itself; use another name, or certs renew for a new authority.");
        });
        return name;
    }

    /// <summary>
    /// Sets the command's action and passes it the authorities' folder. Reports an error if the folder cannot be created, read
    /// or written.
    /// </summary>
    private static void SetAction(this Command command, Option<string?> directory, Func<ParseResult, string, int> action) =>
        command.SetAction(result =>
    {
        var root = LocalAuthorities.Root(result.GetValue(directory));
        try
        {
            return action(result, root);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return Commands.Refuse($"{root} cannot be used ({exception.Message}); name a folder that you can create or write to.");
        }
    });

    private static LocalAuthority Open(string root, string name, Uri? revocationList = null) =>
        LocalAuthorities.Open(new() { Directory = root, RevocationListUrl = revocationList }, name, TimeProvider.System);
}
