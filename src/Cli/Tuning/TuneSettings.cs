using System.CommandLine;
using Fettle.Databases;
using Fettle.Shared.Verbs;
using Fettle.Tuning;
using Fettle.Tuning.Config;
using Fettle.Tuning.Journal;

namespace Fettle.Cli.Tuning;

/// <summary>The options that tune, measure and advise share, and how they become a target.</summary>
internal sealed class TuneSettings
{
    public const string DefaultState = ".fettle";

    public const string DefaultConfig = "fettle.yaml";

    readonly Argument<string?> _service = new("service") { Description = "The reference service: stocks; none for the service that fettle.yaml describes.", Arity = ArgumentArity.ZeroOrOne };
    readonly Option<FileInfo?> _config = new("--config") { Description = "The fettle.yaml of any service; default fettle.yaml here when no reference service is named." };
    readonly Option<string?> _redis = new("--redis") { Description = "redis://HOST: a reference service's second cache tier during the run." };
    readonly Option<string?> _database = new("--database") { Description = "The user's database, sqlite:FILE or postgres:CONNECTION; default a generated sample." };
    readonly Option<bool> _quick = new("--quick") { Description = "A small universe and short rounds: under two minutes." };
    readonly Option<int> _seed = new("--seed") { Description = "Seed of sample, workload and bootstrap.", DefaultValueFactory = _ => 1 };
    readonly Option<int?> _stocks = new("--stocks") { Description = "Stocks of the generated sample; default 11,000, 500 with --quick." };
    readonly Option<int> _days = new("--days") { Description = "Trading bars per stock of the generated sample.", DefaultValueFactory = _ => 365 };
    readonly Option<double?> _minutes = new("--minutes") { Description = "Time budget; default 40, with --quick 1.8." };
    readonly Option<FileInfo?> _json = new("--json") { Description = "Write the result document." };
    readonly Option<FileInfo?> _html = new("--html") { Description = "Write the report as one page." };
    readonly Option<FileInfo?> _markdown = new("--markdown") { Description = "Write the report as Markdown." };

    public Option<string> State { get; } = StateOption();

    public static Option<string> StateOption() => new("--state") { Description = "Folder of runs, journals and samples.", DefaultValueFactory = _ => DefaultState };

    public void AddTo(Command command)
    {
        command.Arguments.Add(_service);
        foreach (var option in new Option[] { _config, _database, _redis, _quick, _seed, _stocks, _days, _minutes, State, _json, _html, _markdown })
        {
            command.Options.Add(option);
        }
    }

    public TuningOptions Options(ParseResult parse, TuningMode mode)
    {
        try
        {
            return new TuningOptions
            {
                Mode = mode,
                Quick = parse.GetValue(_quick),
                Seed = parse.GetValue(_seed),
                StateFolder = parse.GetValue(State)!,
                Budget = parse.GetValue(_minutes) is { } minutes ? Minutes(minutes) : null,
                Command = ["fettle", .. parse.Tokens.Select(t => Redacted(t.Value))],
            };
        }
        catch (ArgumentOutOfRangeException e)
        {
            throw new UserErrorException(e.Message.Split('\n')[0], ExitCode.Usage);
        }
    }

    static TimeSpan Minutes(double minutes) => minutes is > 0 and <= 1440
        ? TimeSpan.FromMinutes(minutes) : throw new UserErrorException($"--minutes is {minutes}; it must be above 0 and at most 1440", ExitCode.Usage);

    /// <summary>What the file of a <c>fettle.yaml</c> target says about the run; defaults for a reference service.</summary>
    public (Trust Trust, TimeSpan? Budget, string? Risk) FileSettings { get; private set; } = (Trust.Auto, null, null);

    /// <summary>The target that was made last.</summary>
    public TuningTarget? Target { get; private set; }

    public async Task<TuningTarget> TargetAsync(ParseResult parse, CancellationToken cancellation) =>
        Target = await MakeAsync(parse, cancellation);

    async Task<TuningTarget> MakeAsync(ParseResult parse, CancellationToken cancellation)
    {
        var service = parse.GetValue(_service);
        if (parse.GetValue(_config) is { } file)
        {
            return service is null ? FromFile(file.FullName) : throw new UserErrorException($"'{service}' and --config exclude each other; give one of them", ExitCode.Usage);
        }

        if (service is null)
        {
            return File.Exists(DefaultConfig) ? FromFile(DefaultConfig) : throw new UserErrorException($"name a reference service (stocks), or describe yours in {DefaultConfig}", ExitCode.Usage);
        }

        if (service != "stocks")
        {
            throw new UserErrorException($"there is no reference service '{service}'; known: stocks. Any other service is described in a {DefaultConfig} (--config)", ExitCode.Usage);
        }

        return TuningTarget.Stocks(HostProgram.Serve(service, parse.GetValue(_redis)), parse.GetValue(_database) is { } text ? Existing(text) : await SampleAsync(parse, cancellation));
    }

    TuningTarget FromFile(string path)
    {
        if (!File.Exists(path))
        {
            throw new UserErrorException($"there is no file '{path}'", ExitCode.Usage);
        }

        try
        {
            var target = TuningTarget.FromFile(path, out var trust, out var budget, out var risk);
            FileSettings = (trust, budget, risk);
            return target;
        }
        catch (TuningException e)
        {
            throw new UserErrorException(e.Message, ExitCode.Usage);
        }
    }

    /// <summary>Files that were asked for, then the tables on standard output.</summary>
    public void Write(ParseResult parse, string json, string title)
    {
        void Save(FileInfo? file, Func<string> content)
        {
            if (file is not null)
            {
                file.Directory!.Create();
                File.WriteAllText(file.FullName, content());
            }
        }

        Save(parse.GetValue(_json), () => json + "\n");
        Save(parse.GetValue(_html), () => Fettle.Tuning.Reports.TuningReport.Html(json));
        Save(parse.GetValue(_markdown), () => Fettle.Tuning.Reports.TuningReport.Markdown(json));
        Console.Out.Write(Fettle.Tuning.Reports.TuningReport.Text(json));
        Console.Error.WriteLine(title);
    }

    public static DatabaseAddress Address(string text)
    {
        try
        {
            return DatabaseAddress.Parse(text);
        }
        catch (FormatException e)
        {
            throw new UserErrorException("--database: " + e.Message, ExitCode.Usage);
        }
    }

    /// <summary>Results travel: addresses lose their secrets.</summary>
    internal static string Redacted(string token)
    {
        if (token.StartsWith("postgres", StringComparison.OrdinalIgnoreCase) && token.Contains(':', StringComparison.Ordinal))
        {
            try
            {
                return DatabaseAddress.Parse(token).ToString();
            }
            catch (FormatException)
            {
                return "postgres:…";
            }
        }

        return Uri.TryCreate(token, UriKind.Absolute, out var url) && url.UserInfo.Length > 0 ? token.Replace(url.UserInfo + "@", "…@", StringComparison.Ordinal) : token;
    }

    static DatabaseAddress Existing(string text)
    {
        var address = Address(text);
        return address.Engine == DatabaseEngine.Postgres || File.Exists(address.Value)
            ? address
            : throw new UserErrorException($"--database: the file {address.Value} does not exist; make one with 'fettle sample stocks --out {address.Value}'");
    }

    /// <summary>The sample belongs to Fettle: what an earlier run left in it is taken back first, or there would be nothing to find.</summary>
    async Task<DatabaseAddress> SampleAsync(ParseResult parse, CancellationToken cancellation)
    {
        var stocks = parse.GetValue(_stocks) ?? (parse.GetValue(_quick) ? 500 : 11_000);
        var days = parse.GetValue(_days);
        var seed = parse.GetValue(_seed);
        var state = parse.GetValue(State)!;
        var file = Path.GetFullPath(Path.Combine(state, "samples", $"stocks-{stocks}x{days}-seed{seed}.db"));
        var address = DatabaseAddress.Parse("sqlite:" + file);
        if (!File.Exists(file))
        {
            Console.Error.WriteLine($"writing a sample of {stocks:N0} stocks with {days} bars each to {Path.GetRelativePath(Environment.CurrentDirectory, file)}");
            await HostProgram.SampleStocksAsync(file, stocks, days, seed, cancellation);
            return address;
        }

        foreach (var run in Rollback.Applied(state, address))
        {
            Console.Error.WriteLine($"taking back what run {run} left in the sample");
            await Rollback.RunAsync(state, run, null, TimeProvider.System, cancellation);
        }

        return address;
    }
}
