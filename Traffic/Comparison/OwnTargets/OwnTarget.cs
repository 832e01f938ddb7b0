using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Text.RegularExpressions;

namespace Topology.Comparison.OwnTargets;

/// <summary>One way to the user's own application.</summary>
/// <param name="Name">What reports call it.</param>
/// <param name="Url">Its address, which may have a path.</param>
public sealed partial record OwnTarget(string Name, Uri Url)
{
    /// <summary>The highest rate at which the application of somebody else may be called.</summary>
    public const double PoliteRate = 100;

    private static readonly string[] Reserved = ["control", Cost.ProcessCost.GeneratorName];

    /// <summary>Reads <c>NAME=URL</c>.</summary>
    /// <exception cref="FormatException">The text is not a target; the message says what to write.</exception>
    public static OwnTarget Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.Split('=', 2) is not [var name, var address])
        {
            throw new FormatException($"--target \"{text}\" has no name; write NAME=URL, such as edge=https://www.example.");
        }
        if (!NamePattern().IsMatch(name) || Reserved.Contains(name))
        {
            throw new FormatException(
                $"The target's name \"{name}\" cannot be used; write small letters, digits and hyphens, but not "
                + $"{string.Join(" or ", Reserved)}.");
        }
        if (!Uri.TryCreate(address, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https") || url.Host.Length == 0)
        {
            throw new FormatException($"The target {name} is \"{address}\"; write an address that begins with http:// or https://.");
        }
        if (url.UserInfo.Length + url.Query.Length + url.Fragment.Length > 0)
        {
            throw new FormatException(
                $"The target {name} may have host, port and path only; put a query into --get, and credentials into --header.");
        }

        return new(name, new UriBuilder(url) { Host = url.IdnHost }.Uri);
    }

    /// <summary>Whether it is on this machine, so that nobody else is disturbed. A name that cannot be resolved is not.</summary>
    public bool IsOnThisMachine()
    {
        try
        {
            var addresses = Dns.GetHostAddresses(Url.IdnHost);
            return addresses.Length > 0 && addresses.All(address => IPAddress.IsLoopback(address) || Mine.Value.Contains(Plain(address)));
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static readonly Lazy<HashSet<IPAddress>> Mine = new(() =>
    [
        .. from network in NetworkInterface.GetAllNetworkInterfaces()
           from unicast in network.GetIPProperties().UnicastAddresses
           select Plain(unicast.Address),
    ]);

    /// <summary>Without the scope that link-local addresses carry.</summary>
    private static IPAddress Plain(IPAddress address) => new(address.GetAddressBytes());

    [GeneratedRegex("^[a-z][a-z0-9-]{0,39}$")]
    private static partial Regex NamePattern();
}
