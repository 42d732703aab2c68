using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Fettle.LoadTesting.Scaling;
using Fettle.Testing;

namespace Fettle.LoadTesting.Tests.Scaling;

/// <summary>A real nginx in front of real processes (nginx too, one process each). What they use of a processor is given by the test, so that nothing depends on the machine's speed.</summary>
[Trait("Category", "Slow")]
public sealed class ScaleRunnerTests
{
    static ScaleOptions Options(InstanceFolder folder, Func<int, double>? meter = null) => new()
    {
        Command = folder.Command,
        Rule = new ScalingRuleOptions { MaxInstances = 5, Window = TimeSpan.FromSeconds(0.4), ScaleOutCooldown = TimeSpan.Zero, ScaleInCooldown = TimeSpan.Zero },
        SampleEvery = TimeSpan.FromMilliseconds(50),
        ProbeEvery = TimeSpan.FromSeconds(1),
        StartTimeout = TimeSpan.FromSeconds(120),
        DrainTimeout = TimeSpan.FromSeconds(120),
        Meter = meter ?? (_ => 0),
    };

    [RequiresToolFact("nginx")]
    public async Task BusyInstances_GetMore_IdleOnesAreDrainedWithoutAFailedRequest()
    {
        using var folder = new InstanceFolder();
        using var done = new CancellationTokenSource();
        var meter = new Demand(4);
        var events = new Events(e =>
        {
            meter.Instances = Math.Max(1, e.Instances);
            if (e is { What: "added", Instances: 5 })
            {
                meter.Level = 0.5;
            }
            else if (e is { What: "removed", Instances: 2 })
            {
                done.Cancel();
            }
        });
        LoadResult? result = null;
        (int Whole, IReadOnlyCollection<string> Failed) slow = (0, []);
        var record = await new ScaleRunner().RunAsync(Options(folder, meter.Read), async (url, _) =>
        {
            var slowly = SlowAsync(url, done.Token);
            result = await LoadAsync(url, done.Token);
            slow = await slowly;
        }, events);

        result!.Failed.ShouldBe(0, string.Join("; ", result.ErrorSamples));
        result.Requests.ShouldBeGreaterThan(0);
        slow.Failed.ShouldBeEmpty();
        slow.Whole.ShouldBeGreaterThan(0);
        var added = record.Events.Where(e => e.What == "added").ToArray();
        added.Select(e => e.Instances).ShouldBe([3, 4, 5]);
        added.ShouldAllBe(e => e.Cause.Contains("above 70 %") && e.ProcessId > 0);
        var removed = record.Events.Where(e => e.What == "removed").ToArray();
        removed.Select(e => e.Instance).ShouldBe(added.Reverse().Select(e => e.Instance)); // the youngest first
        removed.ShouldAllBe(e => e.Cause.Contains("below 50 %") && e.Cause.Contains("; drained in ") && !e.Cause.Contains("killed"));
        record.Events.Select(e => e.Seconds).ShouldBeInOrder();
        record.Samples.Max(s => s.Instances).ShouldBe(5);
        folder.RequestsByInstance().Count.ShouldBe(5);
        folder.RequestsByInstance().Values.ShouldAllBe(n => n > 0);
        removed.Concat(record.Events.Where(e => e.What == "ready")).ShouldAllBe(e => !Directory.Exists($"/proc/{e.ProcessId}"));
    }

    [RequiresToolFact("nginx")]
    public async Task KilledInstance_IsReplacedAndNoRequestFails()
    {
        using var folder = new InstanceFolder();
        using var done = new CancellationTokenSource();
        var killed = new ConcurrentBag<int>();
        var events = new Events(e =>
        {
            if (e is { What: "ready", Instance: "instance-1" })
            {
                killed.Add(e.ProcessId);
                _ = KillAsync(folder, e.ProcessId, done.Token);
            }
            else if (e.What == "added")
            {
                done.CancelAfter(TimeSpan.FromSeconds(1));
            }
        });
        LoadResult? result = null;
        var record = await new ScaleRunner().RunAsync(Options(folder), async (url, _) => result = await LoadAsync(url, done.Token), events);

        result!.Failed.ShouldBe(0, string.Join("; ", result.ErrorSamples));
        var lost = record.Events.Single(e => e.What == "lost");
        (lost.ProcessId, lost.Cause, lost.Instances).ShouldBe((killed.Single(), "its process ended with code 137", 1));
        record.Events.Single(e => e.What == "added").ShouldSatisfyAllConditions(e => e.Cause.ShouldBe("replaces instance-1"), e => e.Instances.ShouldBe(2));
    }

    [RequiresToolFact("nginx")]
    public async Task HangingInstance_FailsItsProbesAndIsReplaced()
    {
        using var folder = new InstanceFolder();
        using var done = new CancellationTokenSource();
        var events = new Events(e =>
        {
            if (e is { What: "ready", Instance: "instance-2" })
            {
                using var stop = Process.Start("kill", ["-STOP", e.ProcessId.ToString(CultureInfo.InvariantCulture)]);
                stop.WaitForExit();
            }
            else if (e is { What: "added", Cause: "replaces instance-2" })
            {
                done.Cancel();
            }
        });
        var options = Options(folder) with { FailedProbes = 1, ProbeEvery = TimeSpan.FromMilliseconds(100) };
        LoadResult? result = null;
        var record = await new ScaleRunner().RunAsync(options, async (url, _) => result = await LoadAsync(url, done.Token), events);

        var unhealthy = record.Events.First(e => e is { What: "unhealthy", Instance: "instance-2" });
        unhealthy.Cause.ShouldBe("/readyz failed 1 times in a row");
        record.Events.ShouldContain(e => e.What == "added" && e.Cause == "replaces instance-2");
        result!.Failed.ShouldBe(0, string.Join("; ", result.ErrorSamples)); // those that hung went to the other one when it was killed
    }

    [RequiresToolFact("nginx")]
    public async Task Rehearsal_KillsAnInstanceItself()
    {
        using var folder = new InstanceFolder();
        using var done = new CancellationTokenSource();
        var events = new Events(e =>
        {
            if (e.What == "added")
            {
                done.Cancel();
            }
        });
        var record = await new ScaleRunner().RunAsync(Options(folder) with { KillAfter = TimeSpan.FromMilliseconds(200) }, (url, _) => LoadAsync(url, done.Token), events);
        record.Events.Select(e => e.What).ShouldBe(["ready", "ready", "killed", "lost", "added"]);
    }

    [RequiresToolFact("nginx")]
    public async Task Cancelling_EndsLoadAndEveryProcess()
    {
        using var folder = new InstanceFolder();
        using var cancel = new CancellationTokenSource();
        var events = new Events(_ => { });
        var record = await new ScaleRunner().RunAsync(Options(folder), async (url, ending) =>
        {
            cancel.CancelAfter(TimeSpan.FromMilliseconds(300));
            (await LoadAsync(url, ending)).Interrupted.ShouldBeTrue();
        }, events, cancel.Token);
        record.Events.Where(e => e.What == "ready").ShouldAllBe(e => !Directory.Exists($"/proc/{e.ProcessId}"));
    }

    [RequiresToolFact("nginx")]
    public async Task LoadThatFails_EndsEverythingWithItsOwnError()
    {
        using var folder = new InstanceFolder();
        var events = new Events(_ => { });
        (await Should.ThrowAsync<InvalidOperationException>(() => new ScaleRunner().RunAsync(Options(folder), (_, _) => throw new InvalidOperationException("no such page"), events))).Message.ShouldBe("no such page");
        events.All.ShouldAllBe(e => !Directory.Exists($"/proc/{e.ProcessId}"));
    }

    [RequiresToolFact("nginx")]
    public async Task InstanceThatDoesNotStart_IsOneClearError()
    {
        var options = new ScaleOptions { Command = "sh -c 'echo no database >&2; exit 3' {port}" };
        var e = await Should.ThrowAsync<IOException>(() => new ScaleRunner().RunAsync(options, (_, _) => Task.CompletedTask));
        e.Message.ShouldContain("ended with code 3 before it was ready: no database");
        var silent = options with { Command = "sleep 600 # {port}", StartTimeout = TimeSpan.FromMilliseconds(300) };
        (await Should.ThrowAsync<IOException>(() => new ScaleRunner().RunAsync(silent, (_, _) => Task.CompletedTask))).Message.ShouldContain("did not answer /readyz on port");
    }

    [RequiresToolFact("sh")]
    public async Task CpuLimiter_HoldsAProcessToItsShareAndLetsItGo()
    {
        var time = TimeProvider.System;
        using var burner = Process.Start("sh", ["-c", "while :; do :; done"]);
        try
        {
            var clock = new ProcessGroupClock(burner.Id);
            await using (var limiter = new CpuLimiter(0.2, time))
            {
                var (start, used) = (time.GetTimestamp(), clock.Seconds());
                limiter.Add(burner.Id, clock);
                await Eventually.IsTrueAsync(() => time.GetElapsedTime(start).TotalSeconds > 3 && clock.Seconds() - used > 0.1, "it used a tenth of a second");
                // A debt is paid before anything else, so the share holds over any time; what is above it is one late look.
                (clock.Seconds() - used).ShouldBeLessThan(0.2 * time.GetElapsedTime(start).TotalSeconds + 1.5);
            }

            var after = clock.Seconds();
            await Eventually.IsTrueAsync(() => clock.Seconds() - after > 0.3, "it runs freely again");
        }
        finally
        {
            burner.Kill();
            await burner.WaitForExitAsync();
        }
    }

    static Task<LoadResult> LoadAsync(Uri url, CancellationToken cancellation) => new LoadGenerator().RunAsync(new LoadPlan
    {
        BaseUrl = url,
        Model = LoadModel.Rate(100),
        Source = new RequestCycle([LoadRequest.Get("/")]),
        Duration = TimeSpan.FromMinutes(10),
        Timeout = TimeSpan.FromMinutes(5),
    }, null, cancellation);

    /// <summary>Requests whose answers take two seconds: under way whenever something is drained.</summary>
    /// <summary>Four clients that read long answers, each on a connection of its own: a kept one may close just when nginx gives its worker up, which a browser answers by asking again.</summary>
    static async Task<(int Whole, IReadOnlyCollection<string> Failed)> SlowAsync(Uri url, CancellationToken cancellation)
    {
        using var client = new HttpClient { Timeout = TimeSpan.FromMinutes(5) };
        client.DefaultRequestHeaders.ConnectionClose = true;
        var whole = 0;
        var failed = new ConcurrentBag<string>();
        await Task.WhenAll(Enumerable.Range(0, 4).Select(async _ =>
        {
            while (!cancellation.IsCancellationRequested)
            {
                try
                {
                    var body = await client.GetStringAsync(new Uri(url, "/slow"), CancellationToken.None);
                    body.Length.ShouldBe(InstanceFolder.SlowBytes);
                    Interlocked.Increment(ref whole);
                }
                catch (Exception e) when (e is HttpRequestException or ShouldAssertException)
                {
                    failed.Add(e.ToString());
                }
            }
        }));
        return (whole, failed);
    }

    static async Task KillAsync(InstanceFolder folder, int processId, CancellationToken cancellation)
    {
        while (folder.RequestsByInstance().Values.Sum() < 50 && !cancellation.IsCancellationRequested)
        {
            await Task.Delay(20, CancellationToken.None);
        }

        using var process = Process.GetProcessById(processId);
        process.Kill();
    }

    sealed class Events(Action<ScalingEvent> on) : IProgress<ScalingEvent>
    {
        public ConcurrentQueue<ScalingEvent> All { get; } = new();

        public void Report(ScalingEvent value)
        {
            All.Enqueue(value);
            on(value);
        }
    }

    /// <summary>Work in instances' worth, shared evenly by those that are there.</summary>
    sealed class Demand(double level)
    {
        readonly Dictionary<int, (long At, double Used)> _clocks = [];

        public double Level { get; set; } = level;

        public int Instances { get; set; } = 2;

        public double Read(int port)
        {
            var now = TimeProvider.System.GetTimestamp();
            var (at, used) = _clocks.TryGetValue(port, out var clock) ? clock : (now, 0);
            used += TimeProvider.System.GetElapsedTime(at, now).TotalSeconds * Math.Min(1, Level / Instances);
            _clocks[port] = (now, used);
            return used;
        }
    }

    /// <summary>Instances are single nginx processes; each writes a line for every request but probes.</summary>
    sealed class InstanceFolder : IDisposable
    {
        public const int SlowBytes = 2_000;

        readonly string _folder = Directory.CreateTempSubdirectory("fettle-instances-").FullName;

        public InstanceFolder() => File.WriteAllText(Path.Combine(_folder, "template"), $$"""
            daemon off; master_process off; pid {{_folder}}/PORT.pid; error_log stderr;
            events { worker_connections 1024; }
            http {
                client_body_temp_path {{_folder}}/PORT-body; proxy_temp_path {{_folder}}/PORT-proxy; fastcgi_temp_path {{_folder}}/PORT-f; uwsgi_temp_path {{_folder}}/PORT-u; scgi_temp_path {{_folder}}/PORT-s;
                server {
                    listen 127.0.0.1:PORT; access_log {{_folder}}/PORT.requests;
                    location = /readyz { access_log off; return 200 "ready"; }
                    location = /slow { limit_rate {{SlowBytes / 2}}; return 200 "{{new string('x', SlowBytes)}}"; }
                    location / { return 200 "PORT"; }
                }
            }
            """);

        public string Command => $"sh -c 'sed s/PORT/{{port}}/g {_folder}/template > {_folder}/{{port}}.conf; exec nginx -c {_folder}/{{port}}.conf'";

        public Dictionary<string, int> RequestsByInstance() => Directory.GetFiles(_folder, "*.requests").ToDictionary(f => Path.GetFileNameWithoutExtension(f), f => File.ReadAllText(f).Count(c => c == '\n'));

        public void Dispose() => Directory.Delete(_folder, recursive: true);
    }
}
