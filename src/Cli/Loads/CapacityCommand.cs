using System.CommandLine;
using System.Globalization;
using Fettle.LoadTesting.Capacity;
using Fettle.LoadTesting.Reports;
using Fettle.LoadTesting.Scenarios;
using Fettle.Shared.Verbs;

namespace Fettle.Cli.Loads;

/// <summary>
/// <c>fettle load capacity A.json B.json C.json --peak RATE</c> or <c>fettle load capacity --on TARGET --peak RATE --check</c>: fits the scalability
/// law to runs at different loads, plays the policies that follow, writes scaling files, and checks the prediction by a run at the knee.
/// </summary>
internal sealed class CapacityCommand
{
    readonly Argument<string[]> _results = new("results") { Description = "Saved results of one instance at different loads, at least three; none with --on", Arity = ArgumentArity.ZeroOrMore };
    readonly Option<double> _peak = new("--peak") { Description = "Requests per second to carry at the peak", Required = true };
    readonly Option<string?> _on = new("--on") { Description = "A running instance: a URL, or a scenario file. Measures the steps when no results are given" };
    readonly Option<string?> _to = new("--target") { Description = "Base URL; replaces the scenario file's" };
    readonly Option<string> _steps = new("--steps") { Description = "Users without think time in turn", DefaultValueFactory = _ => "1,2,4,8,16" };
    readonly Option<int> _rounds = new("--rounds") { Description = "How often the steps are gone through, up and down by turns", DefaultValueFactory = _ => 2 };
    readonly Option<string> _duration = new("--duration", "-d") { Description = "Counted time of a step", DefaultValueFactory = _ => "10s" };
    readonly Option<string> _warmUp = new("--warmup") { Description = "Load before counting in each step", DefaultValueFactory = _ => "2s" };
    readonly Option<bool> _check = new("--check") { Description = "Run the predicted knee on --on and hold the outcome against the prediction; exits with 3 when they disagree" };
    readonly Option<string[]> _allowHost = new("--allow-host") { Description = "A host beside loopback that may be loaded; may be repeated" };
    readonly Option<string> _service = new("--service") { Description = "Name in the generated files", DefaultValueFactory = _ => "service" };
    readonly Option<string> _image = new("--image") { Description = "Container image", DefaultValueFactory = _ => "service:latest" };
    readonly Option<int> _port = new("--port") { Description = "Port of the service", DefaultValueFactory = _ => 8080 };
    readonly Option<bool> _sticky = new("--sticky") { Description = "nginx keeps a client on one instance (ip_hash)" };
    readonly Option<string[]> _upstream = new("--upstream") { Description = "An instance for nginx, host:port; may be repeated" };
    readonly Option<string?> _out = new("--out") { Description = "Folder for the generated files" };
    readonly Option<string?> _json = new("--json") { Description = "Write the whole result (fettle.result/1, kind capacity)", HelpName = "FILE" };
    readonly Option<string?> _html = new("--html") { Description = "Write a self-contained page", HelpName = "FILE" };

    public static Command Create() => new CapacityCommand().Build();

    Command Build()
    {
        var command = new Command("capacity", "Predict throughput and instances from runs at different loads, check the prediction, write scaling files")
        {
            _results, _peak, _on, _to, _steps, _rounds, _duration, _warmUp, _check, _allowHost, _service, _image, _port, _sticky, _upstream, _out, _json, _html,
        };
        command.SetAction(async (parse, cancellation) =>
        {
            try
            {
                return await RunAsync(parse, cancellation);
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                return ExitCode.Interrupted;
            }
            catch (Exception e) when (e is ArgumentException or IOException or InvalidDataException or ScenarioException or InvalidOperationException)
            {
                throw new UserErrorException(e.Message);
            }
        });
        return command;
    }

    async Task<int> RunAsync(ParseResult parse, CancellationToken cancellation)
    {
        var request = Request(parse);
        var saved = parse.GetValue(_results)!;
        var study = parse.GetValue(_on) is { } on ? Study(on, parse) : null;
        if (study is null && (saved.Length == 0 || parse.GetValue(_check)))
        {
            throw new UserErrorException(saved.Length == 0 ? "capacity of what? give saved results, or --on URL to measure" : "--check needs a running instance: give --on URL", ExitCode.Usage);
        }

        var reports = saved.Select(LoadReport.Load).ToArray();
        var points = reports.Length > 0 ? [.. reports.Select(r => r.Point())] : await study!.MeasureAsync(Console.Error.WriteLine, cancellation);
        var resource = reports.Length > 0 ? reports.MaxBy(r => r.Point().Throughput)!.Resource : study!.Resource;
        var trials = PolicyTrials.Of(CapacityPlan.Of(points, request), request);
        var check = parse.GetValue(_check) ? await study!.CheckAsync(trials.Plan, points, cancellation) : null;
        var report = CapacityReport.Of(points, request, trials, resource, check, parse.CommandLineText());
        Console.Out.Write(report.ToText());
        if (parse.GetValue(_out) is { } folder)
        {
            foreach (var (name, text) in trials.Write(request))
            {
                Write(Path.Combine(folder, name), text);
            }
        }

        if (parse.GetValue(_json) is { } json)
        {
            report.Save(json);
            Console.Error.WriteLine($"written: {json}");
        }

        if (parse.GetValue(_html) is { } html)
        {
            Write(html, report.ToHtml());
        }

        return check is { Agrees: false } ? ExitCode.NoneKept : ExitCode.Ok;
    }

    CapacityRequest Request(ParseResult parse)
    {
        var request = new CapacityRequest { PeakRate = parse.GetValue(_peak), Service = parse.GetValue(_service)!, Image = parse.GetValue(_image)!, Port = parse.GetValue(_port), Sticky = parse.GetValue(_sticky) };
        return parse.GetValue(_upstream) is { Length: > 0 } upstreams ? request with { Upstreams = upstreams } : request;
    }

    CapacityStudy Study(string on, ParseResult parse)
    {
        var settings = new LoadSettings
        {
            Users = 1,
            Headers = [],
            Thresholds = [],
            Connections = 1024,
            Outputs = new Dictionary<string, string>(),
            Run = new ScenarioRunOptions { AllowedHosts = parse.GetValue(_allowHost) ?? [], Target = parse.GetValue(_to) is { } url ? HttpAddress.Parse(url, "--target") : null },
        };
        var (file, run) = LoadRun.Prepare(on, settings);
        var users = parse.GetValue(_steps)!.Split(',', StringSplitOptions.TrimEntries).Select(s => int.TryParse(s, CultureInfo.InvariantCulture, out var n)
            ? n : throw new UserErrorException($"--steps is '{parse.GetValue(_steps)}'; write numbers of users, for example 1,2,4,8", ExitCode.Usage)).ToArray();
        return new CapacityStudy(new ScenarioRunner(), file, run, new CapacityStudyOptions
        {
            Users = users,
            Rounds = parse.GetValue(_rounds),
            Duration = LoadRun.Time(parse.GetValue(_duration), "--duration")!.Value,
            WarmUp = LoadRun.Time(parse.GetValue(_warmUp), "--warmup")!.Value,
        });
    }

    static void Write(string path, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        File.WriteAllText(path, text);
        Console.Error.WriteLine($"written: {path}");
    }
}
