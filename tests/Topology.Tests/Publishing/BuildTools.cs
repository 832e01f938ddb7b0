using System.Collections;
using System.Diagnostics;
using Topology.Tests.Infrastructure;

namespace Topology.Tests.Publishing;

/// <summary>MSBuild, for tests of what it builds.</summary>
internal static class BuildTools
{
    /// <summary>A build that leaves no server behind, and knows nothing of the one that runs these tests.</summary>
    public static ProcessStartInfo MSBuild(params IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(Programs.Dotnet, ["msbuild", .. arguments, "-nologo", "-nodeReuse:false"])
        { WorkingDirectory = Programs.Repository };
        start.Environment.Clear();
        foreach (DictionaryEntry variable in Environment.GetEnvironmentVariables())
        {
            if (variable.Key is string name && !name.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase))
            {
                start.Environment[name] = (string?)variable.Value;
            }
        }

        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        start.Environment["DOTNET_CLI_USE_MSBUILD_SERVER"] = "0";
        start.Environment["DOTNET_NOLOGO"] = "1";
        return start;
    }
}
