using System.Diagnostics;
using System.Globalization;
using System.Text;
using Fettle.LoadTesting.Engine.Native;

namespace Fettle.LoadTesting.Scaling;

/// <summary>An nginx of the run's own in front of the instances. Changes are a new file and SIGHUP: the old workers finish what they have.</summary>
sealed class NginxBalancer : IAsyncDisposable
{
    static readonly string[] Places = ["/usr/sbin", "/usr/local/sbin", "/usr/local/bin", "/usr/bin", "/opt/homebrew/bin"];

    readonly string _folder;
    readonly ScaleOptions _options;
    readonly TimeProvider _time;
    readonly SemaphoreSlim _one = new(1);
    readonly int _port = InstanceProcess.FreePort();
    Process? _process;

    NginxBalancer(string folder, ScaleOptions options, TimeProvider time) => (_folder, _options, _time) = (folder, options, time);

    public Uri Url => new($"http://127.0.0.1:{_port.ToString(CultureInfo.InvariantCulture)}");

    /// <summary>The full path of nginx, or null.</summary>
    public static string? Find() => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Concat(Places)
        .Where(f => f.Length > 0).Select(f => Path.Combine(f, "nginx")).FirstOrDefault(System.IO.File.Exists);

    /// <exception cref="IOException">nginx is not installed or does not start.</exception>
    public static async Task<NginxBalancer> StartAsync(string folder, IReadOnlyList<int> ports, ScaleOptions options, TimeProvider time, CancellationToken cancellation)
    {
        var program = Find() ?? throw new IOException("nginx is not installed; fettle scale run balances with it (Debian: apt install nginx-light)");
        var balancer = new NginxBalancer(folder, options, time);
        try
        {
            await balancer.WriteAsync(ports, cancellation);
            balancer._process = Process.Start(new ProcessStartInfo(program, ["-c", balancer.File("nginx.conf"), "-p", folder]) { RedirectStandardInput = true })!;
            await balancer.UntilAsync(() => ProcessGroupClock.Children(balancer._process.Id).Length > 0, "nginx has no worker", options.StartTimeout, cancellation);
            return balancer;
        }
        catch
        {
            await balancer.DisposeAsync();
            throw;
        }
    }

    /// <summary>Balances over these ports from now on.</summary>
    /// <param name="ports">At least one.</param>
    /// <param name="drain">Wait until the requests that the old workers had are answered, at most the drain timeout.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    /// <returns>False when requests were still under way at the end of the drain timeout.</returns>
    public async Task<bool> ReloadAsync(IReadOnlyList<int> ports, bool drain, CancellationToken cancellation)
    {
        await _one.WaitAsync(cancellation);
        try
        {
            var before = ProcessGroupClock.Children(_process!.Id);
            await WriteAsync(ports, cancellation);
            _ = Libc.Kill(_process.Id, Libc.SigHup);
            await UntilAsync(() => ProcessGroupClock.Children(_process.Id).Except(before).Any(), "nginx did not take the new file", _options.StartTimeout, cancellation);
            if (!drain)
            {
                return true;
            }

            try
            {
                await UntilAsync(() => !ProcessGroupClock.Children(_process.Id).Intersect(before).Any(), "", _options.DrainTimeout, cancellation);
                return true;
            }
            catch (IOException) when (!_process.HasExited)
            {
                return false;
            }
        }
        finally
        {
            _one.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is { HasExited: false } process)
        {
            _ = Libc.Kill(process.Id, Libc.SigTerm);
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(10));
            try
            {
                await process.WaitForExitAsync(limit.Token);
            }
            catch (OperationCanceledException)
            {
                new ProcessGroupClock(process.Id).Signal(Libc.SigKill);
                await process.WaitForExitAsync(CancellationToken.None);
            }
        }

        _process?.Dispose();
        _one.Dispose();
    }

    /// <summary>Written beside and renamed, so that nginx never reads half a file.</summary>
    async Task WriteAsync(IReadOnlyList<int> ports, CancellationToken cancellation)
    {
        var beside = File("nginx.conf.new");
        await System.IO.File.WriteAllTextAsync(beside, Text(ports), cancellation);
        System.IO.File.Move(beside, File("nginx.conf"), overwrite: true);
    }

    string Text(IReadOnlyList<int> ports)
    {
        var servers = new StringBuilder();
        foreach (var port in ports)
        {
            servers.Append(CultureInfo.InvariantCulture, $"        server 127.0.0.1:{port} max_fails=3 fail_timeout=30s;\n");
        }

        var drain = Math.Max(1, (int)Math.Ceiling(_options.DrainTimeout.TotalSeconds));
        return $$"""
            daemon off;
            {{(Environment.IsPrivilegedProcess ? "user root root;" : "")}}
            worker_processes 1;
            worker_rlimit_nofile 16384;
            worker_shutdown_timeout {{drain}}s;
            pid {{_folder}}/nginx.pid;
            error_log {{_folder}}/nginx.log warn;
            events { worker_connections 8192; }
            http {
                access_log off;
                client_body_temp_path {{_folder}}/body;
                proxy_temp_path {{_folder}}/proxy;
                fastcgi_temp_path {{_folder}}/fastcgi;
                uwsgi_temp_path {{_folder}}/uwsgi;
                scgi_temp_path {{_folder}}/scgi;
                keepalive_requests 1000000;
                upstream instances {
                    least_conn;
            {{servers}}
                    keepalive 64;
                }
                server {
                    listen 127.0.0.1:{{_port}} backlog=4096;
                    location / {
                        proxy_pass http://instances;
                        proxy_http_version 1.1;
                        proxy_set_header Connection "";
                        proxy_set_header Host $host;
                        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
                        proxy_connect_timeout 5s;
                        proxy_next_upstream error timeout http_502 http_503{{(_options.RetryPosts ? " non_idempotent" : "")}};
                    }
                }
            }

            """.ReplaceLineEndings("\n");
    }

    async Task UntilAsync(Func<bool> condition, string otherwise, TimeSpan patience, CancellationToken cancellation)
    {
        var start = _time.GetTimestamp();
        while (!condition())
        {
            if (_process!.HasExited || _time.GetElapsedTime(start) > patience)
            {
                var log = File("nginx.log");
                throw new IOException($"{otherwise}: {(System.IO.File.Exists(log) ? (await System.IO.File.ReadAllTextAsync(log, cancellation)).Trim().ReplaceLineEndings(" | ") : "no log")}");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(20), _time, cancellation);
        }
    }

    string File(string name) => Path.Combine(_folder, name);
}
