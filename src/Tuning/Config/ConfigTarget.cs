using System.Globalization;
using System.Text;
using Fettle.Databases;
using Fettle.LoadTesting;
using Fettle.LoadTesting.Importing;
using Fettle.LoadTesting.Scenarios;
using Fettle.Tuning.Answers;
using Fettle.Tuning.Targets;

namespace Fettle.Tuning.Config;

/// <summary>Turns a checked <c>fettle.yaml</c> into a target: its traffic, the answers that are its gate, its statements.</summary>
internal static class ConfigTarget
{
    /// <summary>Draws from the scenario until this many times as many as wanted were drawn: a small scenario has fewer distinct requests.</summary>
    const int DrawsPerSample = 40;

    public static TuningTarget Make(TuningConfig config)
    {
        if (config.Start is null && !config.AllowWrites && Writes(config).ToArray() is [var write, ..])
        {
            throw new TuningException($"request {write.Name} ({write.Method} {write.Path}) may change data, and the service at {config.Url} is not a copy: name it under answers.reads when it changes nothing, leave it out, give start so that Fettle works on copies, or set allow-writes: true");
        }

        return new TuningTarget(config.Name, (_, seed, _) => Task.FromResult(Prepare(config, seed)))
        {
            Database = config.Database,
            Launch = config.Start,
            Url = config.Url,
            Token = config.Token ?? Environment.GetEnvironmentVariable("FETTLE_ADMIN_TOKEN"),
            AllowedHosts = config.AllowedHosts,
            LaunchSettings = config.Settings,
            Control = config.Control,
            Thresholds = config.Thresholds,
            Foreign = true,
            Statements = config is { Statements: { } file, Database: { } database } ? () => Statements(file, database.Engine) : null,
        };
    }

    static Workload Prepare(TuningConfig config, int seed)
    {
        var samples = Distinct(new ScenarioRequests(config.Scenario, seed), config.Answers.Samples);
        var recorded = Traffic(config.Answers);
        bool Changes(LoadRequest request) => ChangesData(request, config.Answers.Reads);
        var reads = samples.Where(r => !Changes(r)).Concat(recorded).DistinctBy(Key).ToArray();
        var golden = reads.Select(r => Golden(r, null)).Concat(reads.DistinctBy(r => r.Name).SelectMany(r => config.Answers.Encodings.Append("gzip;q=0").Select(e => Golden(r, e))));
        var writes = samples.Where(Changes).Select(r => Golden(r, null)).ToArray();
        var all = golden.ToArray();
        return new Workload(
            s => new ScenarioRequests(config.Scenario, s),
            all,
            string.Create(CultureInfo.InvariantCulture, $"{config.Scenario.Scenarios.Sum(s => s.Entries.Count)} kinds of requests; {all.Length} golden answers{(recorded.Length > 0 ? $", {recorded.Length} of them recorded traffic" : "")}"))
        {
            Writes = config.Start is null ? [] : writes,
            Reads = s => new ReadsOnly(new ScenarioRequests(config.Scenario, s), Changes),
            Ignore = config.Answers.Ignore,
            LeavesOutUnstable = true,
        };
    }

    static List<LoadRequest> Distinct(ScenarioRequests source, int count)
    {
        var found = new Dictionary<string, LoadRequest>();
        for (var i = 0; i < count * DrawsPerSample && found.Count < count; i++)
        {
            var request = source.Next();
            found.TryAdd(Key(request), request);
        }

        return [.. found.Values];
    }

    static IEnumerable<LoadRequest> Writes(TuningConfig config) =>
        Distinct(new ScenarioRequests(config.Scenario, 1), 200).Where(r => ChangesData(r, config.Answers.Reads));

    static bool ChangesData(LoadRequest request, IReadOnlyList<string> reads) =>
        request.Method is not ("GET" or "HEAD" or "OPTIONS") && !reads.Contains(request.Name);

    static LoadRequest[] Traffic(AnswerSettings answers)
    {
        if (answers.Traffic is not { } file)
        {
            return [];
        }

        try
        {
            var text = File.ReadAllText(file);
            var imported = Path.GetExtension(file) == ".har" ? ScenarioImporter.FromHar(text, "traffic") : ScenarioImporter.FromAccessLog(text, "traffic");
            var scenario = ScenarioReader.Parse(imported.Yaml, file, new ScenarioFiles(".", imported.Files), new Dictionary<string, string>());
            return [.. Distinct(new ScenarioRequests(scenario, 1), answers.Samples).Where(r => !ChangesData(r, answers.Reads))];
        }
        catch (Exception e) when (e is InvalidDataException or ScenarioException or IOException)
        {
            throw new TuningException($"answers.traffic: {e.Message}", e);
        }
    }

    static IReadOnlyList<RecordedQuery> Statements(string file, DatabaseEngine engine)
    {
        try
        {
            return Path.GetExtension(file).ToLowerInvariant() switch
            {
                ".json" => RecordedQueryDocument.Parse(File.ReadAllText(file)).Queries,
                ".log" => WorkloadReader.FromLog(File.ReadLines(file)),
                _ => WorkloadReader.FromSql(File.ReadAllText(file), engine),
            };
        }
        catch (Exception e) when (e is FormatException or IOException)
        {
            throw new TuningException($"database.statements, {file}: {e.Message}", e);
        }
    }

    /// <summary>Skips what changes data; a scenario of nothing else gives one of them after a thousand draws.</summary>
    sealed class ReadsOnly(ScenarioRequests source, Func<LoadRequest, bool> changes) : IRequestSource
    {
        public LoadRequest Next()
        {
            var request = source.Next();
            for (var i = 0; i < 1000 && changes(request); i++)
            {
                request = source.Next();
            }

            return request;
        }
    }

    static string Key(LoadRequest request) => $"{request.Method} {request.Path} {Convert.ToHexString(request.Body.Span)}";

    static GoldenRequest Golden(LoadRequest request, string? encoding) =>
        new(request.Name, request.Method, request.Path, request.Body.IsEmpty ? null : Encoding.UTF8.GetString(request.Body.Span), encoding) { Headers = request.Headers };
}
