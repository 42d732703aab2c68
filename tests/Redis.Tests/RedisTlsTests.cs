using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Fettle.Testing;

namespace Fettle.Redis.Tests;

public class RedisTlsTests
{
    [RequiresRedisFact]
    public async Task Tls_ServerTrusted_CommandsWork_ServerUnknown_IsRefused()
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var now = TimeProvider.System.GetUtcNow();
        using var certificate = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        var folder = Directory.CreateTempSubdirectory("fettle-tls-");
        try
        {
            var certificateFile = Path.Combine(folder.FullName, "cert.pem");
            var keyFile = Path.Combine(folder.FullName, "key.pem");
            await File.WriteAllTextAsync(certificateFile, certificate.ExportCertificatePem());
            await File.WriteAllTextAsync(keyFile, key.ExportPkcs8PrivateKeyPem());
            var port = RedisServer.FreePort();
            await using var server = await RedisServer.StartAsync(
                "--tls-port", $"{port}", "--tls-cert-file", certificateFile, "--tls-key-file", keyFile, "--tls-auth-clients", "no", "--tls-ca-cert-file", certificateFile);
            var options = new RedisOptions
            {
                Port = port,
                Timings = new() { Command = TimeSpan.FromSeconds(20), Connect = TimeSpan.FromSeconds(20), Silence = TimeSpan.FromSeconds(30) },
                Tls = new SslClientAuthenticationOptions
                {
                    TargetHost = "localhost",
                    RemoteCertificateValidationCallback = (_, offered, _, _) => offered?.GetCertHashString() == certificate.GetCertHashString(),
                },
            };
            await using (var redis = await RedisConnection.ConnectAsync(options))
            {
                var value = new byte[300_000];
                new Random(2).NextBytes(value);
                await redis.SetAsync("tls", value);
                (await redis.GetAsync("tls")).ShouldBe(value);
                await Task.WhenAll(Enumerable.Range(0, 200).Select(async i => (await redis.ExecuteAsync("ECHO", i)).AsInt64().ShouldBe(i)));
            }

            options.Tls = new SslClientAuthenticationOptions { TargetHost = "localhost" };
            var error = await Should.ThrowAsync<RedisConnectionException>(() => RedisConnection.ConnectAsync(options));
            error.InnerException.ShouldBeOfType<AuthenticationException>();
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
