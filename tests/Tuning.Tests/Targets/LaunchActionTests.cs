using System.Net.Sockets;
using Fettle.Testing;
using Fettle.Tuning.Actions;
using Fettle.Tuning.Journal;
using Fettle.Tuning.Targets;

namespace Fettle.Tuning.Tests.Targets;

/// <summary>A new process beside the old one, with a real service in between.</summary>
[Trait("Category", "Slow")]
public sealed class LaunchActionTests : IDisposable
{
    /// <summary>Answers with its environment after a pause; on SIGTERM it ends when it has answered what it had begun.</summary>
    const string Service = """
        import http.server, os, signal, sys, threading, time
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                known = not self.path.startswith("/fettle")
                if known and self.path != "/readyz":
                    time.sleep(0.02)
                body = os.environ.get("WORKERS", "none").encode()
                self.send_response(200 if known else 404)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            def log_message(self, *args): pass
        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = False
            request_queue_size = 128
        server = Server(("127.0.0.1", int(sys.argv[1])), Handler)
        signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
        server.serve_forever(0.01)
        server.server_close()
        """;

    static readonly LaunchSetting Four = new() { Name = "four", Environment = new Dictionary<string, string> { ["WORKERS"] = "4" } };
    static readonly LaunchSetting Other = new() { Name = "other", Environment = new Dictionary<string, string> { ["OTHER"] = "1" } };
    readonly string _folder = Directory.CreateTempSubdirectory("fettle-launch-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [RequiresToolFact("python3")]
    public async Task Replacement_FailsNoRequestAndLeavesNoOldProcess()
    {
        using var journal = TuningJournal.Open(Path.Combine(_folder, "journal.jsonl"), TimeProvider.System);
        await using var instance = await StartAsync(journal);
        using var stop = new CancellationTokenSource();
        var clients = Enumerable.Range(0, 4).Select(_ => Task.Run(() => AskAsync(instance, stop.Token))).ToArray();
        var action = new LaunchAction(Four);
        var runner = new ActionRunner(journal, TimeProvider.System);
        var old = instance.Pid!.Value;

        await runner.ApplyAsync(action, instance, CancellationToken.None);

        instance.Pid.ShouldNotBe(old);
        ProcessCpu.StartTicks(old).ShouldBeNull("the old process must have ended");
        (await GetAsync(instance)).ShouldBe("4");
        await runner.UndoAsync(action, instance);
        await runner.UndoAsync(action, instance);
        (await GetAsync(instance)).ShouldBe("none");
        await stop.CancelAsync();
        var asked = await Task.WhenAll(clients);
        asked.Sum(a => a.Failed).ShouldBe(0, asked.Select(a => a.First).FirstOrDefault(f => f is not null));
        asked.Sum(a => a.Answered).ShouldBeGreaterThan(4);
    }

    [RequiresToolFact("python3")]
    public async Task Settings_AddUpAndAreTakenAwayOneByOne()
    {
        using var journal = TuningJournal.Open(Path.Combine(_folder, "journal.jsonl"), TimeProvider.System);
        await using var instance = await StartAsync(journal);
        await instance.SetLaunchAsync(Other, true, CancellationToken.None);
        await instance.SetLaunchAsync(Four, true, CancellationToken.None);
        instance.Settings.ShouldBe(["other", "four"]);
        (await GetAsync(instance)).ShouldBe("4");
        await instance.SetLaunchAsync(Other, false, CancellationToken.None);
        instance.Settings.ShouldBe(["four"]);
        (await GetAsync(instance)).ShouldBe("4");
    }

    [RequiresToolFact("python3")]
    public async Task ReplacementThatIsNeverReady_LeavesTheOldOneServing()
    {
        using var journal = TuningJournal.Open(Path.Combine(_folder, "journal.jsonl"), TimeProvider.System);
        await using var instance = await StartAsync(journal);
        var broken = new LaunchSetting { Name = "broken", Environment = new Dictionary<string, string> { ["PYTHONHOME"] = "/nowhere" } };
        (await Should.ThrowAsync<TuningException>(() => instance.SetLaunchAsync(broken, true, CancellationToken.None))).Message.ShouldContain("before it was ready");
        instance.Settings.ShouldBeEmpty();
        (await GetAsync(instance)).ShouldBe("none");
    }

    [Fact]
    public async Task ServiceOfSomeoneElse_CannotBeStartedAnew()
    {
        await using var instance = new ServiceInstance("A", new Uri("http://127.0.0.1:1"), null, null, null);
        (await Should.ThrowAsync<TuningException>(() => instance.SetLaunchAsync(Four, true, CancellationToken.None))).Message.ShouldContain("not started by Fettle");
    }

    /// <summary>A service that cannot have its port says so.</summary>
    [RequiresToolFact("python3")]
    public async Task PortThatIsTaken_IsToldWithTheServicesOwnWords()
    {
        await using var stranger = new Fakes.FakeService(0);
        var script = Path.Combine(_folder, "service.py");
        await File.WriteAllTextAsync(script, Service);
        var launch = new Launch { Program = "sh", Arguments = ["-c", $"exec {Tools.Find("python3")} {script} {{port}}"], ReadyPath = "/readyz" };
        var fixedPort = launch with { Arguments = [.. launch.Arguments.Select(a => a.Replace("{port}", $"{stranger.Url.Port}", StringComparison.Ordinal))] };

        // Its own port, as it should be.
        await using (var right = await ServiceProcess.StartAsync(launch, "a", "", new Dictionary<string, string>(), null, TimeProvider.System, CancellationToken.None))
        {
            ProcessCpu.IsWithin(right.Pid, Environment.ProcessId).ShouldBeTrue();
        }

        // A port that is taken: the service ends, and nobody answers on the one it was given.
        var taken = await Should.ThrowAsync<TuningException>(() => ServiceProcess.StartAsync(fixedPort, "a", "", new Dictionary<string, string>(), null, TimeProvider.System, CancellationToken.None));
        taken.Message.ShouldContain("Address already in use");
    }

    [Fact]
    public void DotnetSettings_AreOfTheRuntime() =>
        LaunchSetting.Dotnet(2).SelectMany(s => s.Environment.Keys).ShouldAllBe(k => k.StartsWith("DOTNET_"));

    async Task<ServiceInstance> StartAsync(TuningJournal journal)
    {
        var script = Path.Combine(_folder, "service.py");
        await File.WriteAllTextAsync(script, Service);
        var target = new TuningTarget("py", (_, _, _) => throw new InvalidOperationException())
        {
            Launch = new Launch { Program = Tools.Find("python3")!, Arguments = [script, "{port}"] }, Foreign = true,
        };
        return await Tuner.Starter(target, TimeProvider.System)("A", null, true, journal, CancellationToken.None);
    }

    static async Task<string> GetAsync(ServiceInstance instance)
    {
        using var http = new HttpClient();
        return await http.GetStringAsync(new Uri(instance.Url, "/x"));
    }

    /// <summary>A client that asks for the address before each request; one that is refused because the address has changed since asks again.</summary>
    static async Task<(int Answered, int Failed, string? First)> AskAsync(ServiceInstance instance, CancellationToken stop)
    {
        var (answered, failed) = (0, 0);
        string? first = null;
        while (!stop.IsCancellationRequested)
        {
            var url = instance.Url;
            using var http = new HttpClient();
            try
            {
                using var answer = await http.GetAsync(new Uri(url, "/x"), CancellationToken.None);
                answered += answer.IsSuccessStatusCode ? 1 : 0;
                failed += answer.IsSuccessStatusCode ? 0 : 1;
            }
            catch (HttpRequestException e) when (e.InnerException is SocketException { SocketErrorCode: SocketError.ConnectionRefused } && instance.Url != url)
            {
            }
            catch (HttpRequestException e)
            {
                failed++;
                first ??= e.ToString();
            }
        }

        return (answered, failed, first);
    }
}
