using System.Security.Cryptography.X509Certificates;
using Topology.Tests.Infrastructure;

namespace Topology.Tests.Traffic;

public sealed class CertsTests : IDisposable
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private readonly string _folder = Directory.CreateTempSubdirectory("topology-certs-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Issues_shows_exports_revokes_and_renews()
    {
        var (status, files, _) = await RunAsync("issue", "nginx");
        Assert.Equal(0, status);
        Assert.All(files.Split('\n', StringSplitOptions.RemoveEmptyEntries), file => Assert.True(File.Exists(file), file));
        Assert.Contains("nginx", (await RunAsync()).Output, StringComparison.Ordinal);

        var exported = Path.Combine(_folder, "exported.pem");
        Assert.Equal(0, (await RunAsync("export", exported)).Status);
        using var before = X509CertificateLoader.LoadCertificateFromFile(exported);
        Assert.False(before.HasPrivateKey);
        Assert.DoesNotContain("PRIVATE", await File.ReadAllTextAsync(exported, Cancelled), StringComparison.Ordinal);

        Assert.Equal(0, (await RunAsync("revoke", "nginx")).Status);
        Assert.DoesNotContain("nginx", (await RunAsync()).Output, StringComparison.Ordinal);

        Assert.Equal(0, (await RunAsync("renew", "--authority", "public")).Status);
        Assert.Equal(0, (await RunAsync("export", exported)).Status);
        using var after = X509CertificateLoader.LoadCertificateFromFile(exported);
        Assert.NotEqual(before.Thumbprint, after.Thumbprint);
    }

    [Theory]
    [InlineData("issue", "../nginx")]
    [InlineData("revoke", "../nginx")]
    [InlineData("revoke", "nobody")]
    [InlineData("revoke", "ca")]
    [InlineData("revoke", "CA")]
    [InlineData("issue", "ca")]
    [InlineData("export", "/no/such/folder/ca.pem")]
    [InlineData("export", "--frob")]
    [InlineData("issue", "--frob")]
    [InlineData("revoke", "--frob")]
    [InlineData("issue", "nginx", "--directory", "--frob")]
    [InlineData("renew", "--authority", "other")]
    public async Task Bad_arguments_end_with_status_2_and_one_line(params string[] arguments)
    {
        var (status, _, error) = await RunAsync(arguments);
        Assert.Equal(2, status);
        Assert.Single(error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    [Theory]
    [InlineData("/dev/null")]
    [InlineData("/dev/null", "issue", "nginx")]
    [InlineData("/dev/null/x", "issue", "nginx")]
    [InlineData("/dev/null/x", "renew")]
    [InlineData("/dev/null/x", "revoke", "nginx")]
    [InlineData("/dev/null/x", "export", "ca.pem")]
    public async Task An_unusable_folder_is_reported_in_one_line(string folder, params string[] arguments)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "There is no /dev/null.");
        var (status, _, error) = await TrafficCommand.RunAsync(null, ["certs", .. arguments, "--directory", folder]);
        Assert.Equal(2, status);
        Assert.Contains("name a folder", Assert.Single(error.Split('\n', StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
    }

    private Task<(int Status, string Output, string Error)> RunAsync(params string[] arguments) =>
        TrafficCommand.RunAsync(null, ["certs", .. arguments, "--directory", _folder]);
}
