using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Topology.Hardening.Certificates;

namespace Topology.Tests.ServiceDefaults;

public sealed class ServerCertificatesTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("topology-environment-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Outside_Development_no_local_authority_is_created_unless_allowed()
    {
        using var refused = Start("Production");
        var certificates = refused.Services.GetRequiredService<ServerCertificates>();
        foreach (var use in (Func<object>[])[() => certificates.Public.Current, () => certificates.Internal.Current])
        {
            var failure = Assert.Throws<InvalidOperationException>(use);
            Assert.StartsWith(
                "The environment is Production, where no local certificate authority is allowed.", failure.Message,
                StringComparison.Ordinal);
            Assert.Contains(
                "Topology:Certificates:Public and :Internal (Certificate and Key, PEM files)", failure.Message, StringComparison.Ordinal);
            Assert.Contains("Topology:Certificates:AllowLocalAuthority=true", failure.Message, StringComparison.Ordinal);
        }

        Assert.Null(certificates.PublicAuthority);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder));

        using var told = Start("Production", ("Topology:Certificates:AllowLocalAuthority", "true"));
        Assert.NotNull(told.Services.GetRequiredService<ServerCertificates>().Public.Current);
        Assert.NotEmpty(Directory.EnumerateFileSystemEntries(_folder));
    }

    private IHost Start(string environment, params (string Key, string Value)[] settings)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new() { EnvironmentName = environment });
        builder.Configuration["Topology:Certificates:Directory"] = _folder;
        foreach (var (key, value) in settings) builder.Configuration[key] = value;
        builder.Services.AddSingleton(new ServiceIdentity("catalog", "catalog"));
        builder.Services.AddLogging();
        builder.Services.AddCertificates(builder.Configuration, builder.Environment);
        return builder.Build();
    }
}
