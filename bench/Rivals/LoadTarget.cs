using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Fettle.Bench.Rivals;

/// <summary>
/// An nginx of its own on loopback: one worker that answers two bytes. It gets the second core and this process, with every
/// generator that it starts, the first, so that neither takes the other's place.
/// </summary>
internal sealed class LoadTarget : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("fettle-bench").FullName;
    readonly Process _nginx;

    public LoadTarget()
    {
        (Port, Http2Port, TlsPort) = (FreePort(), FreePort(), FreePort());
        WriteCertificate();
        File.WriteAllText(Path.Combine(_folder, "nginx.conf"), $$"""
            daemon off; worker_processes 1; pid {{_folder}}/pid; error_log {{_folder}}/error; worker_rlimit_nofile 19000;
            events { worker_connections 18000; }
            http { access_log off; keepalive_requests 1000000000; 
              server { listen 127.0.0.1:{{Port}} backlog=4096; location / { return 200 "ok"; } }
              server { listen 127.0.0.1:{{Http2Port}} http2; location / { return 200 "ok"; } }
              server { listen 127.0.0.1:{{TlsPort}} ssl http2; ssl_certificate {{_folder}}/certificate; ssl_certificate_key {{_folder}}/key; location / { return 200 "ok"; } } }
            """);
        if (OperatingSystem.IsLinux())
        {
            using var self = Process.GetCurrentProcess();
            self.ProcessorAffinity = 1; // a mask: the first core
        }

        // taskset replaces itself, so the process id is that of nginx.
        _nginx = Process.Start("taskset", ["-c", "1", "nginx", "-c", Path.Combine(_folder, "nginx.conf")]);
    }

    public int Port { get; }

    public int Http2Port { get; }

    public int TlsPort { get; }

    /// <summary>HTTP/2 in plain text.</summary>
    public string Http2Url => $"http://127.0.0.1:{Http2Port.ToString(CultureInfo.InvariantCulture)}/";

    /// <summary>HTTP/1.1 or HTTP/2 over TLS, by agreement.</summary>
    public string TlsUrl => $"https://127.0.0.1:{TlsPort.ToString(CultureInfo.InvariantCulture)}/";

    public string Url => $"http://127.0.0.1:{Port.ToString(CultureInfo.InvariantCulture)}/";

    /// <summary>Waits until it answers.</summary>
    public async Task ReadyAsync()
    {
        using var client = new HttpClient();
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                _ = await client.GetStringAsync(Url);
                return;
            }
            catch (HttpRequestException) when (attempt < 100)
            {
                await Task.Delay(50);
            }
        }
    }

    static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }

    void WriteCertificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=127.0.0.1", key, HashAlgorithmName.SHA256);
        var now = TimeProvider.System.GetUtcNow();
        using var certificate = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        File.WriteAllText(Path.Combine(_folder, "certificate"), certificate.ExportCertificatePem());
        File.WriteAllText(Path.Combine(_folder, "key"), key.ExportPkcs8PrivateKeyPem());
    }

    /// <summary>Stops the worker (SIGSTOP) for a while; connections stay open and nothing is answered.</summary>
    public async Task StallAsync(TimeSpan after, TimeSpan length)
    {
        await Task.Delay(after);
        var worker = File.ReadAllText($"/proc/{_nginx.Id}/task/{_nginx.Id}/children").Trim();
        await Process.Start("kill", ["-STOP", worker]).WaitForExitAsync();
        await Task.Delay(length);
        await Process.Start("kill", ["-CONT", worker]).WaitForExitAsync();
    }

    public void Dispose()
    {
        using (var quit = Process.Start("kill", ["-TERM", _nginx.Id.ToString(CultureInfo.InvariantCulture)]))
        {
            quit.WaitForExit();
        }

        _nginx.WaitForExit();
        _nginx.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}

/// <summary>Runs a program and returns its output with the processor seconds that it used (the shell's own time keyword).</summary>
internal static class TimedProgram
{
    public static async Task<(string Output, double CpuSeconds)> RunAsync(string command)
    {
        var start = new ProcessStartInfo("bash", ["-c", $"TIMEFORMAT='cpu %U %S'; time {command}"]) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        var fields = (await errors).Split('\n').Last(l => l.StartsWith("cpu ", StringComparison.Ordinal)).Split(' ');
        return (output + await errors, double.Parse(fields[1], CultureInfo.InvariantCulture) + double.Parse(fields[2], CultureInfo.InvariantCulture));
    }
}
