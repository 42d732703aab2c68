using System.CommandLine;
using Fettle.LoadTesting;
using Fettle.LoadTesting.Distributed;
using Fettle.LoadTesting.Reports;
using Fettle.LoadTesting.Scenarios;
using Fettle.Redis;
using Fettle.Shared.Verbs;

namespace Fettle.Cli.Loads;

/// <summary><c>fettle load URL|FILE</c>, <c>fettle load compare A B</c>, <c>fettle load report FILE</c>, <c>fettle load capacity</c>.</summary>
internal static class LoadCommand
{
    public static Command Create()
    {
        var target = new Argument<string>("target") { Description = "A URL, or a scenario file (.yaml)", Arity = ArgumentArity.ZeroOrOne };
        var options = new LoadOptions();
        var command = new Command("load", "Load an HTTP service and report latency from the intended start") { target };
        options.AddTo(command);
        command.SetAction(async (parse, cancellation) =>
        {
            var text = parse.GetValue(target) ?? throw new UserErrorException("load what? give a URL or a scenario file", ExitCode.Usage);
            return await LoadRun.RunAsync(text, options.Read(parse), parse.CommandLineText(), cancellation);
        });
        command.Subcommands.Add(CompareCommand.Create());
        command.Subcommands.Add(ReportCommand.Create());
        command.Subcommands.Add(CapacityCommand.Create());
        command.Subcommands.Add(ImportCommand.Create());
        command.Subcommands.Add(WorkerCommand.Create());
        return command;
    }

    internal static IReadOnlyList<string> CommandLineText(this ParseResult parse) => ["fettle", .. parse.Tokens.Select(t => t.Value)];
}

/// <summary>The options of <c>fettle load</c>.</summary>
internal sealed class LoadOptions
{
    readonly Option<double?> _rate = new("--rate") { Description = "Open model: requests per second" };
    readonly Option<bool> _poisson = new("--poisson") { Description = "Independent arrivals instead of even ones" };
    readonly Option<int?> _users = new("--users") { Description = "Closed model: users that wait for their answers" };
    readonly Option<string?> _think = new("--think") { Description = "Think time of users, for example 1s or 1s..3s" };
    readonly Option<long?> _requests = new("--requests", "-n") { Description = "Stop after so many requests (with --concurrency)" };
    readonly Option<int?> _concurrency = new("--concurrency", "-c") { Description = "Requests under way at once (with --requests)" };
    readonly Option<string?> _duration = new("--duration", "-d") { Description = "Counted time, for example 30s, 5m; default 10s" };
    readonly Option<string?> _warmUp = new("--warmup") { Description = "Load before counting; default none" };
    readonly Option<string?> _timeout = new("--timeout") { Description = "Timeout of a request from its intended start; default 30s" };
    readonly Option<int> _connections = new("--connections") { Description = "Most connections at once", DefaultValueFactory = _ => 1024 };
    readonly Option<int> _threads = new("--threads") { Description = "Event loops", DefaultValueFactory = _ => 1 };
    readonly Option<string?> _method = new("--method", "-X") { Description = "HTTP method; default GET, POST with --body" };
    readonly Option<string?> _body = new("--body") { Description = "Body as text, or @FILE" };
    readonly Option<string[]> _header = new("--header", "-H") { Description = "A header, 'Name: value'; may be repeated" };
    readonly Option<string[]> _threshold = new("--threshold") { Description = "A threshold, 'http_req_duration: p(95)<50'; may be repeated" };
    readonly Option<string[]> _allowHost = new("--allow-host") { Description = "A host beside loopback that may be loaded; may be repeated" };
    readonly Option<string?> _to = new("--target") { Description = "Base URL; replaces the scenario file's" };
    readonly Option<bool> _short = new("--short") { Description = "The scenario file's short form" };
    readonly Option<bool> _noCheck = new("--no-check") { Description = "Do not send every request once before the run" };
    readonly Option<bool> _http2 = new("--http2") { Description = "HTTP/2: with prior knowledge over http, by agreement over https" };
    readonly Option<bool> _frameworkClient = new("--framework-client") { Description = "Send through .NET's HTTP client, for servers that the engine does not understand; costs more processor time" };
    readonly Option<bool> _insecure = new("--insecure", "-k") { Description = "Accept any certificate" };
    readonly Option<int?> _pid = new("--pid") { Description = "The target's process; found by its port when local" };
    readonly Option<double> _maxRate = new("--max-rate") { Description = "Highest rate a scenario may ask for", DefaultValueFactory = _ => 50_000 };
    readonly Option<string> _maxDuration = new("--max-duration") { Description = "Longest run", DefaultValueFactory = _ => "2h" };
    readonly Option<string?> _baseline = new("--baseline") { Description = "A saved report for thresholds relative to baseline" };
    readonly Option<int> _maxConnections = new("--max-connections") { Description = "Most connections that all scenarios may ask for together", DefaultValueFactory = _ => 20_000 };
    readonly Option<string?> _workers = new("--workers") { Description = "Let the workers at redis://HOST:PORT make the load (fettle load worker)" };
    readonly Option<int?> _workerCount = new("--worker-count") { Description = "How many workers to wait for; default those that are there" };
    readonly Option<string?> _postgres = new("--postgres") { Description = "Read this PostgreSQL's figures beside the load, for example Host=127.0.0.1;Database=stocks;Username=u" };
    readonly Option<string?> _redis = new("--redis") { Description = "Read this Redis' figures beside the load, redis://HOST:PORT" };
    readonly Option<bool> _noMetrics = new("--no-metrics") { Description = "Do not read the target's runtime from its /metrics" };
    readonly Option<bool> _noColor = new("--no-color") { Description = "Plain output" };

    internal static readonly (string Name, string Description)[] Outputs =
    [
        ("--json", "Write the whole result (fettle.result/1)"), ("--html", "Write a self-contained page"), ("--markdown", "Write Markdown"),
        ("--junit", "Write JUnit XML"), ("--csv", "Write one line per half second"), ("--text", "Write the plain-text report"),
    ];

    readonly Option<string?>[] _outputs = [.. Outputs.Select(o => new Option<string?>(o.Name) { Description = o.Description, HelpName = "FILE" })];

    public void AddTo(Command command)
    {
        Option[] all = [_rate, _poisson, _users, _think, _requests, _concurrency, _duration, _warmUp, _timeout, _connections, _threads, _method, _body, _header, _threshold,
            _allowHost, _to, _short, _noCheck, _http2, _frameworkClient, _insecure, _pid, _maxRate, _maxDuration, _maxConnections, _workers, _workerCount, _baseline, _postgres, _redis, _noMetrics, _noColor, .. _outputs];
        foreach (var option in all)
        {
            command.Options.Add(option);
        }
    }

    public LoadSettings Read(ParseResult parse) => new()
    {
        Rate = parse.GetValue(_rate),
        Poisson = parse.GetValue(_poisson),
        Users = parse.GetValue(_users) ?? parse.GetValue(_concurrency),
        Think = parse.GetValue(_think),
        Requests = parse.GetValue(_requests),
        Duration = parse.GetValue(_duration),
        WarmUp = parse.GetValue(_warmUp),
        Timeout = parse.GetValue(_timeout),
        Connections = parse.GetValue(_connections),
        Method = parse.GetValue(_method),
        Body = parse.GetValue(_body),
        Headers = parse.GetValue(_header) ?? [],
        Thresholds = parse.GetValue(_threshold) ?? [],
        Short = parse.GetValue(_short),
        NoColor = parse.GetValue(_noColor) || Environment.GetEnvironmentVariable("NO_COLOR") is { Length: > 0 },
        Baseline = parse.GetValue(_baseline),
        Postgres = parse.GetValue(_postgres),
        Redis = parse.GetValue(_redis),
        Outputs = _outputs.Select((o, i) => (Outputs[i].Name, parse.GetValue(o))).Where(o => o.Item2 is not null).ToDictionary(o => o.Name, o => o.Item2!),
        Run = Guarded(() => new ScenarioRunOptions
        {
            Target = parse.GetValue(_to) is { } url ? HttpAddress.Parse(url, "--target") : null,
            Threads = parse.GetValue(_threads),
            AllowedHosts = parse.GetValue(_allowHost) ?? [],
            Protocol = parse.GetValue(_http2) ? HttpProtocol.Http2 : HttpProtocol.Http11,
            TrustAnyCertificate = parse.GetValue(_insecure),
            FrameworkClient = parse.GetValue(_frameworkClient),
            ProcessId = parse.GetValue(_pid),
            Metrics = !parse.GetValue(_noMetrics),
            CheckFirst = !parse.GetValue(_noCheck),
            MaxRate = parse.GetValue(_maxRate),
            MaxDuration = LoadRun.Time(parse.GetValue(_maxDuration), "--max-duration") ?? TimeSpan.FromHours(2),
            MaxConnections = parse.GetValue(_maxConnections),
            Workers = parse.GetValue(_workers) is { } redis ? new WorkerFleetOptions { Redis = RedisOptions.Parse(redis), Count = parse.GetValue(_workerCount) } : null,
        }),
    };

    static T Guarded<T>(Func<T> make)
    {
        try
        {
            return make();
        }
        catch (ArgumentException e)
        {
            throw new UserErrorException(e.Message, ExitCode.Usage);
        }
    }
}

/// <summary>What the command line asked for.</summary>
internal sealed record LoadSettings
{
    public double? Rate { get; init; }
    public bool Poisson { get; init; }
    public int? Users { get; init; }
    public string? Think { get; init; }
    public long? Requests { get; init; }
    public string? Duration { get; init; }
    public string? WarmUp { get; init; }
    public string? Timeout { get; init; }
    public int Connections { get; init; }
    public string? Method { get; init; }
    public string? Body { get; init; }
    public required string[] Headers { get; init; }
    public required string[] Thresholds { get; init; }
    public bool Short { get; init; }
    public bool NoColor { get; init; }
    public string? Baseline { get; init; }
    public string? Postgres { get; init; }
    public string? Redis { get; init; }
    public required IReadOnlyDictionary<string, string> Outputs { get; init; }
    public required ScenarioRunOptions Run { get; init; }
}
