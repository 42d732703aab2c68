using System.Globalization;
using System.Text.Json.Nodes;
using Fettle.LoadTesting.Engine;
using Fettle.LoadTesting.Scenarios;
using Fettle.Redis;

namespace Fettle.LoadTesting.Distributed;

/// <summary>What the workers of a run measured together.</summary>
sealed record FleetResult(IReadOnlyList<LoadResult> Results, string? AbortedBy, IReadOnlyList<WorkerOutcome> Workers);

/// <summary>
/// Coordinates a run: finds workers, gives each a share and a common beginning on Redis' clock, follows their reports, and puts
/// their results together. A worker that falls silent is lost: the run goes on with the others and is marked.
/// </summary>
sealed class WorkerFleet(WorkerFleetOptions options, TimeProvider time)
{
    static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(100);
    static readonly TimeSpan Lead = TimeSpan.FromMilliseconds(1500);

    readonly Dictionary<string, Member> _members = [];

    /// <exception cref="IOException">There are not enough workers, or none gave a result.</exception>
    public async Task<FleetResult> RunAsync(
        ScenarioFile file, ScenarioRunOptions run, Uri target, IReadOnlyDictionary<string, string> variables, IProgress<LoadProgress>? progress, CancellationToken cancellation)
    {
        await using var connection = await RedisConnection.ConnectAsync(options.Redis, cancellation: cancellation);
        var streams = new WorkerStreams(connection);
        var id = Guid.NewGuid().ToString("n")[..12];
        var workers = await FindAsync(streams, cancellation);
        var (ahead, _) = await streams.ClockAsync(time, cancellation);
        var begin = (time.GetUtcNow() + ahead + Lead).ToUnixTimeMilliseconds();
        for (var i = 0; i < workers.Count; i++)
        {
            _members[workers[i]] = new Member(workers[i], i + 1) { Heard = time.GetTimestamp() };
            await streams.AddAsync(WorkerStreams.ToWorker(workers[i]),
            [
                ("kind", "job"), ("run", id), ("share", Text(i + 1)), ("shares", Text(workers.Count)), ("begin", Text(begin)), ("name", file.Name), ("scenario", file.Text),
                ("files", Json(file.Files)), ("variables", Json(Needed(file, variables))), ("target", target.ToString()), ("short", file.IsShort ? "1" : "0"),
                ("protocol", run.Protocol == HttpProtocol.Http2 ? "2" : "1"), ("insecure", run.TrustAnyCertificate ? "1" : "0"),
                ("framework-client", run.FrameworkClient ? "1" : "0"),
            ], cancellation);
        }

        var stopped = false;
        var last = "";
        while (_members.Values.Any(m => m.Open))
        {
            foreach (var entry in await streams.ReadAsync(WorkerStreams.OfRun(id), last, CancellationToken.None))
            {
                last = entry.Id;
                Hear(entry, stopped);
            }

            foreach (var member in _members.Values.Where(m => m.Open && time.GetElapsedTime(m.Heard) > options.SilentAfter + (m.Progress is null ? Lead : TimeSpan.Zero)))
            {
                member.Lose(string.Create(CultureInfo.InvariantCulture, $"said nothing for {options.SilentAfter.TotalSeconds:0.#} s after {member.Progress?.Elapsed.TotalSeconds ?? 0:0.0} s of the run; its share of the load and its figures are missing from then on"));
            }

            progress?.Report(Together());
            if (!stopped && (cancellation.IsCancellationRequested || _members.Values.Any(m => m.AbortedBy is not null || m.Refused)))
            {
                stopped = true;
                foreach (var member in _members.Values.Where(m => m.Open))
                {
                    await streams.AddAsync(WorkerStreams.ToWorker(member.Id), [("kind", "stop"), ("run", id)], CancellationToken.None);
                }
            }

            await Task.Delay(LookEvery, time, CancellationToken.None);
        }

        await streams.ForgetAsync(_members.Keys.Select(WorkerStreams.ToWorker).Append(WorkerStreams.OfRun(id)), CancellationToken.None);
        return Result(cancellation.IsCancellationRequested);
    }

    async Task<IReadOnlyList<string>> FindAsync(WorkerStreams streams, CancellationToken cancellation)
    {
        var (ahead, _) = await streams.ClockAsync(time, cancellation);
        var start = time.GetTimestamp();
        while (true)
        {
            // Alive is who said hello within the last three turns.
            var since = time.GetUtcNow() + ahead - 3 * LoadWorker.HelloEvery;
            var all = await streams.ReadAsync(WorkerStreams.Hello, $"{since.ToUnixTimeMilliseconds()}-0", cancellation);
            string[] alive = [.. all.Select(e => e["worker"]).Distinct().Order(StringComparer.Ordinal)];
            var over = time.GetElapsedTime(start) > options.Patience;
            if (options.Count is { } wanted && alive.Length >= wanted)
            {
                return alive[..wanted];
            }

            if (options.Count is null && alive.Length > 0 && time.GetElapsedTime(start) > 3 * LoadWorker.HelloEvery)
            {
                return alive;
            }

            if (over)
            {
                throw new IOException($"{alive.Length} workers are at {options.Redis}, {options.Count ?? 1} are needed; start more with 'fettle load worker {options.Redis}'");
            }

            await Task.Delay(LookEvery, time, cancellation);
        }
    }

    void Hear(StreamEntry entry, bool stopped)
    {
        if (!_members.TryGetValue(entry["worker"], out var member) || !member.Open)
        {
            return;
        }

        member.Heard = time.GetTimestamp();
        member.Clock = double.TryParse(entry["clock"], CultureInfo.InvariantCulture, out var clock) ? clock : member.Clock;
        switch (entry["kind"])
        {
            case "progress" when entry["progress"].Length > 0:
                var p = JsonNode.Parse(entry["progress"])!.AsArray();
                member.Progress = new LoadProgress(TimeSpan.FromSeconds((double)p[0]!), (bool)p[1]!, (long)p[2]!, (long)p[3]!, (int)p[4]!, (int)p[5]!, (int)p[6]!, (double)p[7]!, (double?)p[8] ?? double.NaN, (double?)p[9] ?? double.NaN);
                break;
            case "result":
                member.Results = [.. JsonNode.Parse(entry["results"])!.AsArray().Select(r => ResultJson.Read(r!))];
                member.AbortedBy = entry["aborted"] is { Length: > 0 } aborted ? aborted : null;
                if (!stopped && member.AbortedBy is null && member.Results.Any(r => r.Interrupted))
                {
                    member.Lose("ended before its time; its share of the load is missing from then on");
                }

                break;
            case "refused":
                member.Refused = true;
                member.Lose($"refused: {entry["reason"]}");
                break;
        }
    }

    LoadProgress Together()
    {
        var all = _members.Values.Select(m => m.Progress).OfType<LoadProgress>().ToArray();
        var timed = all.Where(p => !double.IsNaN(p.MedianMilliseconds)).ToArray();
        return new LoadProgress(
            all.Length == 0 ? TimeSpan.Zero : all.Max(p => p.Elapsed), all.Any(p => p.WarmingUp), all.Sum(p => p.Requests), all.Sum(p => p.Failed), all.Sum(p => p.InFlight), all.Sum(p => p.Waiting),
            all.Sum(p => p.Connections), all.Sum(p => p.RatePerSecond), timed.Length == 0 ? double.NaN : timed.Average(p => p.MedianMilliseconds), timed.Length == 0 ? double.NaN : timed.Max(p => p.P99Milliseconds));
    }

    FleetResult Result(bool interrupted)
    {
        var gave = _members.Values.Where(m => m.Results is not null).ToArray();
        if (gave.Length == 0)
        {
            throw new IOException($"no worker gave a result: {string.Join("; ", _members.Values.Select(m => $"{m.Id} {m.Note}"))}");
        }

        var aborted = gave.Select(m => m.AbortedBy).FirstOrDefault(a => a is not null);
        return new FleetResult(
            [.. Enumerable.Range(0, gave[0].Results!.Count).Select(i => ResultMerger.OfWorkers([.. gave.Select(m => m.Results![i])]) with { Interrupted = interrupted || aborted is not null })],
            aborted,
            [.. _members.Values.Select(m => new WorkerOutcome(m.Id, m.Share, m.Note.Length == 0, m.Results?.Sum(r => r.Requests) ?? m.Progress?.Requests ?? 0, m.Clock, m.Note))]);
    }

    /// <summary>Variables, and of the environment only what the file names: the rest is nobody's business.</summary>
    static Dictionary<string, string> Needed(ScenarioFile file, IReadOnlyDictionary<string, string> variables) =>
        variables.Where(v => !v.Key.StartsWith("env.", StringComparison.Ordinal) || file.Text.Contains($"${{{v.Key}", StringComparison.Ordinal)).ToDictionary();

    static string Json(IReadOnlyDictionary<string, string> values) => new JsonObject([.. values.Select(v => KeyValuePair.Create(v.Key, (JsonNode?)v.Value))]).ToJsonString();

    static string Text(long value) => value.ToString(CultureInfo.InvariantCulture);

    sealed class Member(string id, int share)
    {
        public string Id => id;

        public int Share => share;

        public long Heard { get; set; }

        public LoadProgress? Progress { get; set; }

        public IReadOnlyList<LoadResult>? Results { get; set; }

        public string? AbortedBy { get; set; }

        public bool Refused { get; set; }

        public double Clock { get; set; } = double.NaN;

        public string Note { get; private set; } = "";

        public bool Open => Results is null && Note.Length == 0;

        public void Lose(string note) => Note = note;
    }
}
