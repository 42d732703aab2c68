using Fettle.Databases;
using Fettle.LoadTesting;
using Fettle.Tuning.Answers;
using Fettle.Tuning.Journal;
using Fettle.Tuning.Targets;
using Fettle.Tuning.Verification;

namespace Fettle.Tuning.Tests.Fakes;

/// <summary>A target whose two instances are fakes in this process, over a real SQLite file.</summary>
internal sealed class FakeTarget : IAsyncDisposable
{
    public static readonly Pace Pace = new(5, 11, 3, 4, 8, TimeSpan.FromSeconds(0.05), TimeSpan.FromSeconds(0.2), TimeSpan.FromSeconds(0.05), TimeSpan.FromSeconds(0.05), TimeSpan.FromSeconds(0.2));
    readonly List<FakeService> _services = [];
    readonly Func<FakeService> _make;

    /// <param name="make">Makes an instance.</param>
    /// <param name="database">Whether the user's database has a table.</param>
    /// <param name="live">Whether there is one running instance of which no copy can be made.</param>
    /// <param name="control">A path that no switch touches.</param>
    public FakeTarget(Func<FakeService> make, bool database = true, bool live = false, string? control = null)
    {
        _make = make;
        Folder = Directory.CreateTempSubdirectory("fettle-tune-").FullName;
        var address = DatabaseAddress.Parse("sqlite:" + Path.Combine(Folder, "user.db"));
        if (database)
        {
            TunedDatabase.ExecuteAsync(address, ["CREATE TABLE t(id INTEGER PRIMARY KEY, a INTEGER)", "INSERT INTO t(a) VALUES (1), (2), (3)"], CancellationToken.None).GetAwaiter().GetResult();
        }

        Target = new TuningTarget("fake", (_, _, _) => Task.FromResult(Workload with { Writes = Writes })) { Database = address, Url = live ? new Uri("http://127.0.0.1:1") : null, Token = FakeService.Token, Control = control, SustainRate = 20 };
    }

    public IReadOnlyList<GoldenRequest> Writes { get; init; } = [];

    public string Folder { get; }

    public string State => Path.Combine(Folder, "state");

    public TuningTarget Target { get; }

    public IReadOnlyList<FakeService> Services => _services;

    public TuningOptions Options => new() { Quick = true, StateFolder = State, Pace = Pace, Budget = TimeSpan.FromMinutes(3), LeastGainPercent = 5 };

    static Workload Workload => new(
        _ => new RequestCycle([LoadRequest.Get("/api/v1/answer", "answer")]),
        [new GoldenRequest("answer", "GET", "/api/v1/answer", null), new GoldenRequest("answer", "GET", "/api/v1/answer", null, "identity"), new GoldenRequest("list", "GET", "/api/v1/items", null)],
        "one request");

    public Task<ServiceInstance> StartAsync(string name, DatabaseAddress? database, bool scratch, TuningJournal journal, CancellationToken cancellation)
    {
        var service = _make();
        _services.Add(service);
        return Task.FromResult(new ServiceInstance(name, service.Url, FakeService.Token, database, Environment.ProcessId) { Scratch = scratch });
    }

    public Task<TuningOutcome> TuneAsync(TuningOptions? options = null, IProgress<TuningProgress>? progress = null, CancellationToken cancellation = default) =>
        Tuner.RunAsync(Target, options ?? Options, StartAsync, progress, TimeProvider.System, cancellation);

    public Task<string[]> SchemaAsync() => TunedDatabase.SchemaAsync(Target.Database!, CancellationToken.None);

    public async ValueTask DisposeAsync()
    {
        foreach (var service in _services)
        {
            await service.DisposeAsync();
        }

        Directory.Delete(Folder, recursive: true);
    }
}
